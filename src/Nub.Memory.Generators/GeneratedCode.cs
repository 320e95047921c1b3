namespace Nub.Memory.Generators;

/// <summary>How generated code says that it is.</summary>
internal static class GeneratedCode
{
    /// <summary>The name in <c>[GeneratedCode]</c>; the analyzers know generated members by it.</summary>
    public const string Tool = "Nub.Memory.Generators";

    /// <summary>The attribute. The version is the package's first two numbers, so that a patch changes no snapshot.</summary>
    public const string Attribute = "[global::System.CodeDom.Compiler.GeneratedCode(\"" + Tool + "\", \"0.1\")]";
}
