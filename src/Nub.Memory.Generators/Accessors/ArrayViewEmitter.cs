namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes the <c>ArrayView</c>: consecutive values, each as a <c>View</c>.</summary>
internal static class ArrayViewEmitter
{
    public static void Emit(CodeWriter writer, Declaration declaration)
    {
        string elements = $"global::Nub.Memory.SharedArrayView<{declaration.FullName}>";
        writer.Separate();
        writer.Summary("Consecutive values where they stand in shared memory.");
        writer.Line(GeneratedCode.Attribute);
        writer.Open("public readonly ref partial struct ArrayView");
        writer.Line($"private readonly {elements} _elements;");

        writer.Separate();
        writer.Summary("Gives the fields of the elements their names.");
        writer.Line("/// <param name=\"elements\">The place of the elements.</param>");
        writer.Line($"public ArrayView({elements} elements) => _elements = elements;");

        writer.Separate();
        writer.Summary("The number of elements.");
        writer.Line("public ulong Count => _elements.Count;");

        foreach (string type in new[] { "int", "ulong" })
        {
            writer.Separate();
            EmitElementDocumentation(writer, "A view of an element.");
            writer.Line($"public View this[{type} index] => new(_elements.At(index));");
        }

        foreach (string type in new[] { "int", "ulong" })
        {
            writer.Separate();
            EmitElementDocumentation(writer, "A view of an element, for use on the left of an assignment.");
            writer.Line($"public View At({type} index) => new(_elements.At(index));");
        }

        writer.Separate();
        writer.Summary("Goes through the elements.");
        writer.Line("/// <returns>The enumerator.</returns>");
        writer.Line("public Enumerator GetEnumerator() => new(this);");
        EmitEnumerator(writer);
        writer.Close();
    }

    private static void EmitElementDocumentation(CodeWriter writer, string summary)
    {
        writer.Summary(summary);
        writer.Line("/// <param name=\"index\">The element, from 0.</param>");
        writer.Line("/// <returns>The view.</returns>");
        writer.Line("/// <exception cref=\"global::System.ArgumentOutOfRangeException\">The index is not less than <see cref=\"Count\"/>.</exception>");
    }

    private static void EmitEnumerator(CodeWriter writer)
    {
        writer.Separate();
        writer.Summary("Goes through the elements.");
        writer.Open("public ref struct Enumerator");
        writer.Line("private readonly ArrayView _elements;");
        writer.Line("private ulong _next;");

        writer.Separate();
        writer.Line("internal Enumerator(ArrayView elements) => _elements = elements;");

        writer.Separate();
        writer.Summary("A view of the element.");
        writer.Line("public readonly View Current => _elements[_next - 1];");

        writer.Separate();
        writer.Summary("Comes to the next element.");
        writer.Line("/// <returns>Whether there was one.</returns>");
        writer.Line("public bool MoveNext() => _next++ < _elements.Count;");
        writer.Close();
    }
}
