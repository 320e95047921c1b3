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
                var collected = new TypeBodies();
                type.RegisterOperationBlockAction(collected.Add);
                type.RegisterSymbolEndAction(collected.Analyze);
            },
            SymbolKind.NamedType));
    }

    /// <summary>The code of a type as it comes in, and what is made of it at the end.</summary>
    private sealed class TypeBodies
    {
        private readonly object _lock = new();
        private readonly MethodBodies _bodies = new();
        private readonly Dictionary<ISymbol, HashSet<ISymbol>> _calls = new(SymbolEqualityComparer.Default);
        private readonly List<MethodBody> _initializers = [];
        private readonly HashSet<ISymbol> _reading = new(SymbolEqualityComparer.Default);

        public void Add(OperationBlockAnalysisContext context)
        {
            if (context.OwningSymbol is not IMethodSymbol method)
            {
                AddInitializers(context);
                return;
            }

            // A constructor has its initializer besides its block; top-level statements have no block of their own.
            if ((context.OperationBlocks.FirstOrDefault(static block => block is IBlockOperation) ?? context.OperationBlocks.FirstOrDefault()) is not { } block)
            {
                return;
            }

            int length = 0;
            bool reads = false;
            HashSet<ISymbol>? calls = null;
            foreach (IOperation operation in new OperationWalk(context.OperationBlocks))
            {
                length++;
                ISymbol? member = MemberOf(operation);
                if (member is null)
                {
                    reads |= ReadsUnseen(operation);
                    continue;
                }

                reads |= SharedTypes.Reads(member);
                if (IsOf(member, method.ContainingType))
                {
                    calls ??= new HashSet<ISymbol>(SymbolEqualityComparer.Default);
                    calls.Add((member is IPropertySymbol { GetMethod: { } getter } ? getter : member).OriginalDefinition);
                }
            }

            lock (_lock)
            {
                if (calls is not null)
                {
                    _calls[method] = calls;
                }

                _bodies.Add(method, block, length, context.CancellationToken);
                if (reads)
                {
                    _reading.Add(method);
                }
            }
        }

        // What a field or a property begins with is run by a constructor, and is looked at by itself.
        private void AddInitializers(OperationBlockAnalysisContext context)
        {
            INamedTypeSymbol type = context.OwningSymbol.ContainingType;
            if (type is null || type.Constructors.FirstOrDefault() is not { } constructor)
            {
                return;
            }

            CancellationToken cancellation = context.CancellationToken;
            foreach (IOperation block in context.OperationBlocks.Where(static block => block is IFieldInitializerOperation or IPropertyInitializerOperation))
            {
                bool reads = false;
                foreach (IOperation operation in new OperationWalk([block]))
                {
                    reads |= MemberOf(operation) is { } member ? SharedTypes.IsSource(member) || IsOf(member, type) : ReadsUnseen(operation);
                }

                if (reads)
                {
                    lock (_lock)
                    {
                        _initializers.Add(new MethodBody(constructor, () => FlowGraph.BlocksOf(block, cancellation)));
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

        private static bool IsOf(ISymbol member, INamedTypeSymbol type) => SymbolEqualityComparer.Default.Equals(member.ContainingType?.OriginalDefinition, type.OriginalDefinition);

        public void Analyze(SymbolAnalysisContext context)
        {
            // Almost every type.
            if (_initializers.Count == 0 && _reading.Count == 0)
            {
                return;
            }

            _reading.UnionWith(_bodies.Parsers);
            IEnumerable<MethodBody> reading = MethodsThatMayRead().Select(symbol => _bodies.Find((IMethodSymbol)symbol)).OfType<MethodBody>();
            new TypeFlow(_bodies, context.CancellationToken).Run([.. _initializers, .. reading], (body, session) =>
            {
                HashSet<Term> repeated = DoubleFetchRule.Report(context.ReportDiagnostic, session, body.Method);
                UncheckedValueRule.Report(context.ReportDiagnostic, session, repeated);
            });
        }

        // Those that read, and those that call a helper which does. What is called and not followed brings nothing into sight: without
        // a read there is nothing of the guest's to find.
        private HashSet<ISymbol> MethodsThatMayRead()
        {
            var found = new HashSet<ISymbol>(_reading, SymbolEqualityComparer.Default);
            for (int depth = 0; depth < TypeFlow.DeepestFrame; depth++)
            {
                var helpers = new HashSet<ISymbol>(found.Where(static one => MethodBody.IsHelper((IMethodSymbol)one)), SymbolEqualityComparer.Default);
                found.UnionWith(_calls.Where(one => one.Value.Overlaps(helpers)).Select(static one => one.Key).ToList());
            }

            return found;
        }
    }
}
