using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes what the view of a struct has that elements follow: where they are, and <c>TryTail</c>.</summary>
internal static class TailEmitter
{
    /// <summary>How such a view is bound: with what stands behind the struct, which it keeps.</summary>
    public static void EmitBinding(CodeWriter writer, string self, string view, string inner)
    {
        string tailed = $"global::Nub.Memory.SharedTailedPlace<{self}>";
        string marker = $"global::Nub.Memory.ISharedView<{view}, {self}>";
        writer.Line($"private readonly {tailed} {inner}Tailed;");
        writer.Line($"private global::Nub.Memory.SharedPlace<{self}> {inner} => {inner}Tailed.Value;");
        writer.Property("Gives the fields of a value their names, and knows nothing of what stands behind it.", $"public {view}(global::Nub.Memory.SharedPlace<{self}> value) => {inner}Tailed = new(value);");
        writer.Property("Gives the fields of a value their names.", $"public {view}({tailed} value) => {inner}Tailed = value;");
        writer.Separate();
        writer.Line($"static bool {marker}.HasTail => true;");
        writer.Line($"static {view} {marker}.Bind({tailed} value) => new(value);");
    }

    public static void Emit(CodeWriter writer, StructModel model, string inner)
    {
        if (model.Tail is not { } tail || !model.Names.ViewHas("TryTail"))
        {
            return;
        }

        FieldType element = tail.Element;
        bool isStruct = element is { Kind: FieldKind.Struct, IsGenerated: true };
        if (!isStruct && element.NotAllValid is not null)
        {
            return;
        }

        string display = Words.Escape(element.Display);
        string arguments = isStruct ? $"{element.Name}, {element.View}" : element.Name;
        string type = isStruct ? $"global::Nub.Memory.SharedViews<{arguments}>" : $"global::Nub.Memory.SharedArrayView<{arguments}>";
        string place = $"{tail.Offset}{(isStruct ? "" : tail.BigEndian ? ", true" : ", false")}";
        string method = $"{inner}Tailed.{(isStruct ? "TryTail" : "TryElements")}";
        (string name, string summary, string returns, string call) = tail.Count is { } count
            ? ("max", $"The <c>{display}</c> behind the struct, as many as <c>{count.Name}</c> says, which is read once.",
                $"Whether <c>{count.Name}</c> is at most <paramref name=\"max\"/>, and so many lie within the memory. Neither an exception nor an allocation is made of what a guest has written.",
                $"{method}<{arguments}, {count.Type.Name}>({place}, {count.Offset}, {(count.HasBigEndian ? "true" : "false")}, max, out tail)")
            : ("count", $"The <c>{display}</c> behind the struct, as many as are known to be there.", "Whether they lie within the memory.", $"{method}<{arguments}>({place}, count, out tail)");
        call = tail.Problem is null ? call : "throw null!";
        string comment = $"/// <summary>{summary}</summary><returns>{returns}</returns>";
        writer.Separate();
        writer.Line(comment);
        writer.Line(GeneratedCode.Inlined);
        writer.Line($"public bool TryTail(ulong {name}, out {type} tail) => {call};");
        writer.Separate();
        writer.Line(comment);
        if (tail.Count is null)
        {
            // A number that may be the guest's: a negative one lies within no memory, as in TryArrayAt.
            writer.Line($"public bool TryTail(int count, out {type} tail) => TryTail(count < 0 ? ulong.MaxValue : (ulong)count, out tail);");
            return;
        }

        writer.Line($"public bool TryTail(int max, out {type} tail)");
        writer.Line("{");
        writer.Line("    global::System.ArgumentOutOfRangeException.ThrowIfNegative(max);");
        writer.Line("    return TryTail((ulong)max, out tail);");
        writer.Line("}");
    }
}
