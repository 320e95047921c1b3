using System.Text;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.StandIn;

/// <summary>The file that declares the stand-ins.</summary>
internal static class StandInSource
{
    public const string FileName = "StandIn.cs";

    public static string Of(Project project, Dictionary<INamedTypeSymbol, MemoryType> memories)
    {
        var text = new StringBuilder();
        text.AppendLine(project.Beside);
        text.AppendLine("namespace Nub.Memory");
        text.AppendLine("{");
        foreach ((INamedTypeSymbol type, MemoryType memory) in memories)
        {
            Declare(text, type, memory, memories);
        }

        text.AppendLine("    public static class Copies");
        text.AppendLine("    {");
        foreach (MemoryType memory in memories.Values)
        {
            foreach (CallKind kind in new[] { CallKind.CopyOut, CallKind.SpanOut }.Where(kind => project.Calls.Any(one => one.Kind == kind)))
            {
                string made = kind == CallKind.SpanOut ? "global::System.ReadOnlySpan<byte>" : "byte[]";
                text.AppendLine($"        public static {made} {kind}({memory.StandIn} memory, ulong address, long length)");
                text.AppendLine("        {");
                text.AppendLine("            byte[] buffer = new byte[length];");
                text.AppendLine("            memory.CopyTo(address, buffer);");
                text.AppendLine("            return buffer;");
                text.AppendLine("        }");
            }
        }

        text.AppendLine("    }");
        text.AppendLine("}");
        return text.ToString();
    }

    // It derives from the original: whatever else the project does with a memory still binds. Nothing has a body, for there is none to analyze.
    private static void Declare(StringBuilder text, INamedTypeSymbol type, MemoryType memory, Dictionary<INamedTypeSymbol, MemoryType> memories)
    {
        bool isInterface = type.TypeKind == TypeKind.Interface;
        string declared = isInterface ? "" : "public extern ";
        string hiding = isInterface && memory.Also is null ? "" : "new ";
        string bases = string.Join(", ", [Name(type), .. (memory.Also ?? []).Select(MemoryType.QualifiedName)]);
        if (memory.Holder is not null)
        {
            text.AppendLine($"    public static class {memory.Holder}");
            text.AppendLine("    {");
        }

        text.AppendLine($"    public {(isInterface ? "interface" : "class")} HostSharedMemory : {bases}");
        text.AppendLine("    {");
        if (!isInterface)
        {
            foreach (IMethodSymbol constructor in type.InstanceConstructors.Where(static one => one.DeclaredAccessibility is not Accessibility.Private))
            {
                string parameters = string.Join(", ", constructor.Parameters.Select(one => $"{Named(one.Type, memories)} {one.Name}{(one.HasExplicitDefaultValue ? " = default" : "")}"));
                text.AppendLine($"        public HostSharedMemory({parameters}) : base({string.Join(", ", constructor.Parameters.Select(static one => one.Name))}) {{ }}");
            }
        }

        text.AppendLine($"        {hiding}{declared}T Read<T>(ulong offset) where T : unmanaged;");
        text.AppendLine($"        {hiding}{declared}void Write<T>(ulong offset, T value) where T : unmanaged;");
        text.AppendLine($"        {hiding}{declared}void CopyTo(ulong offset, global::System.Span<byte> destination);");
        text.AppendLine($"        {hiding}{declared}void CopyFrom(ulong offset, global::System.ReadOnlySpan<byte> source);");
        text.AppendLine("    }");
        if (memory.Holder is not null)
        {
            text.AppendLine("    }");
        }

        text.AppendLine();
    }

    private static string Named(ITypeSymbol type, Dictionary<INamedTypeSymbol, MemoryType> memories) =>
        type is INamedTypeSymbol named && memories.TryGetValue(named, out MemoryType? memory) ? memory.StandIn : Name(type);

    private static string Name(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
}
