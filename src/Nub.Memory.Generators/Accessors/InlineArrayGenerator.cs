using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>
/// Keeps the one field of each bare inline array for native code: the runtime asks by reflection what such an array is made of, and a native compilation leaves out
/// what it does not see used. A type that cannot be named from outside of its own is left out, and then refused there.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class InlineArrayGenerator : IIncrementalGenerator
{
    private const string InlineArrayAttribute = "System.Runtime.CompilerServices.InlineArrayAttribute";
    private const string FieldsOf = "[global::System.Diagnostics.CodeAnalysis.DynamicDependency(global::System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes.PublicFields"
        + " | global::System.Diagnostics.CodeAnalysis.DynamicallyAccessedMemberTypes.NonPublicFields, typeof(";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValueProvider<EquatableArray<InlineArray>> arrays = context.SyntaxProvider.ForAttributeWithMetadataName(
            InlineArrayAttribute,
            static (node, _) => node is StructDeclarationSyntax or RecordDeclarationSyntax,
            static (found, _) => found.TargetSymbol is INamedTypeSymbol type ? InlineArray.Of(type) : null)
            .Where(static model => model is not null)
            .Select(static (model, _) => model!)
            .Collect()
            .Select(static (models, _) => models.Distinct().OrderBy(static model => model.Name, StringComparer.Ordinal).ToEquatableArray());
        context.RegisterSourceOutput(arrays, static (output, models) =>
        {
            if (models.Count > 0)
            {
                SourceFile.Add(output, "Nub.InlineArrays.g.cs", Emit(models));
            }
        });
    }

    private static CodeWriter Emit(EquatableArray<InlineArray> arrays)
    {
        CodeWriter writer = SourceFile.Begin("the inline arrays of this project, whose fields native code would leave out");
        writer.Line("#pragma warning disable CA2255 // A module initializer in a library: it does nothing but keep what the runtime looks for.");
        writer.Open("namespace Nub.Memory.Generated");
        writer.Line(GeneratedCode.Attribute);
        writer.Open("internal static class InlineArrays");
        foreach (InlineArray array in arrays)
        {
            writer.Line($"{FieldsOf}{array.Name}))]");
        }

        writer.Line("[global::System.Runtime.CompilerServices.ModuleInitializer]");
        writer.Open("internal static void Keep()");
        string[] elements = [.. arrays.Select(static array => array.Element).Where(static element => element.Length > 0).Distinct()];
        if (elements.Length > 0)
        {
            KeepInterfaces(writer, elements);
        }

        writer.Close();
        writer.Close();
        writer.Close();
        return writer;
    }

    private static void KeepInterfaces(CodeWriter writer, string[] elements)
    {
        writer.Open("if (!global::System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported)");
        foreach (string element in elements)
        {
            // What was boxed once keeps its interfaces.
            writer.Line($"global::System.GC.KeepAlive(default({element}));");
        }

        writer.Close();
    }

    /// <summary>An inline array, and its element where that is a struct of this library's.</summary>
    private sealed record InlineArray(string Name, string Element)
    {
        public static InlineArray? Of(INamedTypeSymbol type)
        {
            ITypeSymbol? element = type.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(static field => !field.IsStatic)?.Type;
            return element is { IsUnmanagedType: true } && !type.IsAllValid() && CanBeNamed(type)
                ? new InlineArray(
                    type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat),
                    element is INamedTypeSymbol named && named.IsAllValid() && CanBeNamed(named) && ExternAliases.HiddenIn(named, type.ContainingAssembly) is null ? named.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat) : "")
                : null;
        }

        private static bool CanBeNamed(INamedTypeSymbol type)
        {
            for (INamedTypeSymbol? one = type; one is not null; one = one.ContainingType)
            {
                if (one.IsFileLocal || one.IsGenericType || one.Name.Length == 0
                    || one.DeclaredAccessibility is Accessibility.Private or Accessibility.Protected or Accessibility.ProtectedAndInternal)
                {
                    return false;
                }
            }

            // Code that is being written may lack a part of its namespace's name.
            for (INamespaceSymbol one = type.ContainingNamespace; !one.IsGlobalNamespace; one = one.ContainingNamespace)
            {
                if (one.Name.Length == 0)
                {
                    return false;
                }
            }

            return true;
        }
    }
}
