using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Symbols;
using Nub.Memory.Generators.Taint;

namespace Nub.Memory.Generators.Rules;

/// <summary>
/// NUB0010, NUB0011 and NUB0015, which ask one model of where shared bytes go. A type is looked at as a whole, so that its helpers can be
/// followed; methods that never come near shared memory cost a look at their calls and nothing more.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class SharedBytesAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.DoubleFetch, Descriptors.UncheckedValue, Descriptors.LooseLimit];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterWhereNubIsUsed(static start =>
        {
            CancellationToken cancellation = start.CancellationToken;
            IEnumerable<string> lines = start.Options.AdditionalFiles.Where(static file => Path.GetFileName(file.Path) == DeclaredTaint.FileName)
                .SelectMany(file => file.GetText(cancellation)?.Lines.Select(static line => line.ToString()) ?? []);
            var declared = new DeclaredTaint(start.Compilation, lines);
            var program = new ProgramBodies(start.Compilation, declared);
            start.RegisterSymbolStartAction(
                type =>
                {
                    var collected = new TypeBodies((INamedTypeSymbol)type.Symbol, program);
                    type.RegisterOperationAction(collected.Note, program.MayDeclareFields ? [.. TypeCalls.Kinds, OperationKind.FieldReference] : TypeCalls.Kinds);
                    type.RegisterOperationBlockAction(collected.Add);
                    type.RegisterSymbolEndAction(collected.Analyze);
                },
                SymbolKind.NamedType);
        });
    }

    /// <summary>The code of a type as it comes in, and what is made of it at the end.</summary>
    /// <remarks>
    /// The compiler goes through the operations of all code, once, for all rules that ask for some kinds of them; to go through them
    /// here would take as long again, for a type of which there is nothing to be found. A table of registers has tens of thousands.
    /// </remarks>
    private sealed class TypeBodies
    {
        private readonly object _lock = new();
        private readonly TypeCalls _calls;
        private readonly MethodBodies _bodies;
        private readonly Dictionary<ISymbol, IOperation> _initializers = new(SymbolEqualityComparer.Default);
        private readonly INamedTypeSymbol _type;
        private readonly ProgramBodies _program;

        public TypeBodies(INamedTypeSymbol type, ProgramBodies program)
        {
            _type = type;
            _program = program;
            _calls = new TypeCalls(type, program);
            _bodies = new MethodBodies(_calls, program);
        }

        public void Note(OperationAnalysisContext context) => _calls.Note(context.ContainingSymbol, context.Operation);

        /// <summary>Keeps a body until it is known what of the type reads.</summary>
        public void Add(OperationBlockAnalysisContext context)
        {
            if (context.OwningSymbol is IMethodSymbol method)
            {
                _calls.NoteGiven(method);

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

        public void Analyze(SymbolAnalysisContext context)
        {
            // Almost every type.
            IFieldSymbol[] declared = _program.DeclaredFieldsOf(_type);
            if (!_calls.AnyReads && declared.Length == 0)
            {
                return;
            }

            CancellationToken cancellation = context.CancellationToken;
            Action<Diagnostic> report = RuleOptions.Filter(context.Options, _type, context.ReportDiagnostic);
            _bodies.HarmlessUpTo = RuleOptions.HarmlessUpTo(context.Options, _type.DeclaringSyntaxReferences.FirstOrDefault()?.SyntaxTree);
            IEnumerable<MethodBody> methods = _calls.WhoMayRead.OfType<IMethodSymbol>().Select(_bodies.Find).OfType<MethodBody>();
            var flow = new TypeFlow(_bodies, cancellation);
            flow.Run([.. InitializersThatMayRead(cancellation), .. methods], (body, session) =>
            {
                HashSet<Term> repeated = DoubleFetchRule.Report(report, session, body.Method);
                UncheckedValueRule.Report(report, session, repeated);
                LooseLimitRule.Report(report, session);
            });
            flow.RunFields(declared, session =>
            {
                UncheckedValueRule.Report(report, session, []);
                LooseLimitRule.Report(report, session);
            });
        }

        // What a field or a property begins with is run by a constructor, and is looked at by itself.
        private IEnumerable<MethodBody> InitializersThatMayRead(CancellationToken cancellation) =>
            _type.Constructors.FirstOrDefault() is not { } constructor ? []
                : _initializers.Where(one => _calls.WhoMayRead.Contains(one.Key)).Select(one => new MethodBody(constructor, () => FlowGraph.BlocksOf(one.Value, cancellation)));
    }
}
