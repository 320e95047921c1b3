using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Flow;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>
/// NUB0010 and NUB0011, which ask one model of where shared bytes go. A type is looked at as a whole, so that its helpers can be
/// followed; methods that never come near shared memory cost a look at their calls and nothing more.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class SharedBytesAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.DoubleFetch, Descriptors.UncheckedValue];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterWhereNubIsUsed(static start => start.RegisterSymbolStartAction(
            static type =>
            {
                var collected = new TypeBodies((INamedTypeSymbol)type.Symbol);
                type.RegisterOperationAction(collected.Note, OperationKind.Invocation, OperationKind.PropertyReference, OperationKind.DelegateCreation, OperationKind.Loop);
                type.RegisterOperationBlockAction(collected.Add);
                type.RegisterSymbolEndAction(collected.Analyze);
            },
            SymbolKind.NamedType));
    }

    /// <summary>The code of a type as it comes in, and what is made of it at the end.</summary>
    /// <remarks>
    /// The compiler goes through the operations of all code, once, for all rules that ask for some kinds of them; to go through them
    /// here would take as long again, for a type of which there is nothing to be found. A table of registers has tens of thousands.
    /// </remarks>
    private sealed class TypeBodies(INamedTypeSymbol type)
    {
        private readonly object _lock = new();
        private readonly MethodBodies _bodies = new();
        private readonly TypeCalls _calls = new();
        private readonly Dictionary<ISymbol, IOperation> _initializers = new(SymbolEqualityComparer.Default);

        /// <summary>Notes what is called, when bytes of a guest's may come out of it, or it belongs to the type.</summary>
        public void Note(OperationAnalysisContext context)
        {
            ISymbol? member = MemberOf(context.Operation);
            bool reads = member is null ? ReadsUnseen(context.Operation) : SharedTypes.Reads(member);
            bool isOwn = member is not null && SymbolEqualityComparer.Default.Equals(member.ContainingType?.OriginalDefinition, type);
            if (!reads && !isOwn)
            {
                return;
            }

            lock (_lock)
            {
                if (reads)
                {
                    _calls.AddReader(context.ContainingSymbol);
                }

                if (isOwn)
                {
                    _calls.Add(context.ContainingSymbol, member is IPropertySymbol { GetMethod: { } getter } ? getter : member!);
                }
            }
        }

        /// <summary>Keeps a body until it is known what of the type reads.</summary>
        public void Add(OperationBlockAnalysisContext context)
        {
            if (context.OwningSymbol is IMethodSymbol method)
            {
                // A constructor has its initializer besides its block; top-level statements have no block of their own.
                if ((context.OperationBlocks.FirstOrDefault(static block => block is IBlockOperation) ?? context.OperationBlocks.FirstOrDefault()) is { } block)
                {
                    _bodies.Add(method, block, context.CancellationToken);
                }

                return;
            }

            foreach (IOperation block in context.OperationBlocks)
            {
                if (block is IFieldInitializerOperation or IPropertyInitializerOperation)
                {
                    lock (_lock)
                    {
                        _initializers[context.OwningSymbol] = block;
                    }
                }
            }
        }

        // Whoever is given a parser may pop, and a foreach goes through elements: no member that does so stands there.
        private bool ReadsUnseen(IOperation operation) => operation.Kind switch
        {
            OperationKind.DelegateCreation => IsParser((IDelegateCreationOperation)operation),
            OperationKind.Loop => operation is IForEachLoopOperation { Collection.Type: var collection } && SharedTypes.ElementsOf(collection) is not null,
            _ => false,
        };

        // One that is a method has to be known before that is gone through.
        private bool IsParser(IDelegateCreationOperation creation)
        {
            bool isParser = SharedTypes.IsParser(creation.Type);
            if (isParser && creation.Target is IMethodReferenceOperation { Method: var method })
            {
                _bodies.AddParser(method);
            }

            return isParser;
        }

        private static ISymbol? MemberOf(IOperation operation) => operation.Kind switch
        {
            OperationKind.Invocation => ((IInvocationOperation)operation).TargetMethod,
            OperationKind.PropertyReference => ((IPropertyReferenceOperation)operation).Property,
            _ => null,
        };

        public void Analyze(SymbolAnalysisContext context)
        {
            // Almost every type.
            if (!_calls.AnyReads && !_bodies.Parsers.Any())
            {
                return;
            }

            HashSet<ISymbol> reading = _calls.WhoMayRead(_bodies.Parsers);
            _bodies.Reading = reading;
            CancellationToken cancellation = context.CancellationToken;
            IEnumerable<MethodBody> methods = reading.OfType<IMethodSymbol>().Select(_bodies.Find).OfType<MethodBody>();
            new TypeFlow(_bodies, cancellation).Run([.. InitializersIn(reading, cancellation), .. methods], (body, session) =>
            {
                HashSet<Term> repeated = DoubleFetchRule.Report(context.ReportDiagnostic, session, body.Method);
                UncheckedValueRule.Report(context.ReportDiagnostic, session, repeated);
            });
        }

        // What a field or a property begins with is run by a constructor, and is looked at by itself.
        private IEnumerable<MethodBody> InitializersIn(HashSet<ISymbol> reading, CancellationToken cancellation) =>
            type.Constructors.FirstOrDefault() is not { } constructor ? []
                : _initializers.Where(one => reading.Contains(one.Key)).Select(one => new MethodBody(constructor, () => FlowGraph.BlocksOf(one.Value, cancellation)));
    }
}
