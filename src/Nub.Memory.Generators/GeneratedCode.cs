namespace Nub.Memory.Generators;

/// <summary>How generated code says that it is.</summary>
internal static class GeneratedCode
{
    /// <summary>The name in <c>[GeneratedCode]</c>; the analyzers know generated members by it.</summary>
    public const string Tool = "Nub.Memory.Generators";

    /// <summary>Whether a file was written by the generator: the compiler puts the generator's assembly and its type before the file's own name.</summary>
    public static bool IsFileOf(string path) => path.EndsWith(".g.cs", StringComparison.Ordinal) && path.Contains(Tool + ".Accessors.");

    /// <summary>The attribute. The version is the package's first two numbers, so that a patch changes no snapshot.</summary>
    public const string Attribute = "[global::System.CodeDom.Compiler.GeneratedCode(\"" + Tool + "\", \"0.1\")]";

    /// <summary>On an accessor that is more than a call: not inlined it would take the view out of registers, by which a field is one load.</summary>
    public const string Inlined = "[global::System.Runtime.CompilerServices.MethodImpl(global::System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]";
}
