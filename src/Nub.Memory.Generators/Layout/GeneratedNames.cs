using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>A generated member that a struct's own member leaves no room for.</summary>
/// <param name="Name">The generated member: <c>At</c>, <c>View.Load</c>.</param>
/// <param name="Member">The struct's own member that has the name; the struct itself when it is called so.</param>
/// <param name="Instead">What does the same.</param>
internal sealed record LeftOut(string Name, string Member, string Instead);

/// <summary>What the generated members of a struct are called. A struct's own members keep their names: what would collide is left out, or called otherwise.</summary>
/// <param name="View">The view type: <c>View</c>, or <c>FooView</c> where that is taken.</param>
/// <param name="Layout">The class of constants: <c>Layout</c>, or <c>FooLayout</c>.</param>
/// <param name="LeftOut">What is not generated.</param>
internal sealed record GeneratedNames(string View, string Layout, EquatableArray<LeftOut> LeftOut)
{
    private const string DefaultView = "View";
    private const string DefaultLayout = "Layout";

    private static readonly string[] s_static = ["At", "TryAt", "ArrayAt", "TryArrayAt", "ReadFrom", "TryReadFrom", "WriteTo"];

    // Load, Store and the parts of a field: what a view has beside its fields.
    private static readonly string[] s_ofViews = ["Load", "Store", "TryLoad", "TryTail"];

    public static GeneratedNames Of(INamedTypeSymbol type, StructLayout layout)
    {
        HashSet<string> taken = [type.Name, .. type.GetMembers().Where(static member => !ShapeRules.IsGenerated(member) && !IsPartOfGenerated(member)).Select(static member => member.Name)];
        string view = Free(taken, DefaultView, type.Name + DefaultView);
        string layoutClass = Free(taken, DefaultLayout, type.Name + DefaultLayout);

        var leftOut = new List<LeftOut>();
        foreach (string name in s_static.Where(name => taken.Contains(name) && IsOf(type, name)))
        {
            leftOut.Add(new LeftOut(name, name, Instead(type, name, view)));
        }

        HashSet<string> unions = [.. UnionRules.Of(type, layout).Select(static member => member.Field.Name)];
        foreach (string name in layout.Fields.Where(field => field.Type.IsWireEnum || unions.Contains(field.Name)).Select(static field => "TryGet" + field.Name).Where(taken.Contains))
        {
            leftOut.Add(new LeftOut(name, name, $"'{name}' of the view"));
        }

        if (view != DefaultView)
        {
            leftOut.Add(new LeftOut(DefaultView, DefaultView, $"'{type.Name}.{view}'"));
        }

        if (layoutClass != DefaultLayout)
        {
            leftOut.Add(new LeftOut(DefaultLayout, DefaultLayout, $"'{type.Name}.{layoutClass}'"));
        }

        HashSet<string> fields = [.. layout.Fields.Select(static field => field.Name), .. BitFieldRules.Of(type, layout).Select(static field => field.Name)];
        if (layout.InlineArrayLength == 0)
        {
            foreach (string name in s_ofViews.Where(name => fields.Contains(name) && (name != "TryTail" || TailRules.DeclaredBy(type) is not null)))
            {
                leftOut.Add(new LeftOut($"{view}.{name}", name, name switch { "Store" => "'Write' of the memory", "TryTail" => "'TryArrayAt' of the element", _ => "'Read' of the memory" }));
            }

            foreach (FieldLayout field in layout.Fields)
            {
                foreach (string name in PartsOf(field).Concat(unions.Contains(field.Name) ? ["TryGet" + field.Name] : []).Distinct().Where(fields.Contains))
                {
                    leftOut.Add(new LeftOut($"{view}.{name}", name, $"'{field.Name}' of the view, or the memory at '{layoutClass}.{field.Name}Offset'"));
                }
            }
        }

        return new GeneratedNames(view, layoutClass, leftOut.ToEquatableArray());
    }

    /// <summary>Whether a method that the generator gives structs, besides those of the fields, has this name.</summary>
    public static bool IsOfStructs(string name) => s_static.Contains(name);

    /// <summary>The name of the view of another marked struct, wherever it was compiled.</summary>
    public static string ViewOf(INamedTypeSymbol type) => Of(type, s_none).View;

    /// <summary>Whether a member of the struct is generated: its name is not taken.</summary>
    public bool Has(string name) => !LeftOut.Any(one => one.Name == name);

    /// <summary>Whether a member of the view is generated.</summary>
    public bool ViewHas(string name) => Has($"{View}.{name}");

    // The members beside the property of a field that may be there.
    private static IEnumerable<string> PartsOf(FieldLayout field) =>
        field.Type.IsArray || field.Type.Kind == FieldKind.Struct ? [field.Name + "View", "TryGet" + field.Name, "Set" + field.Name]
        : field.Type.IsWireEnum ? ["TryGet" + field.Name, "Set" + field.Name, field.Name + "Atomic"]
        : field.Type.NeedsCheck ? ["TryGet" + field.Name, "Set" + field.Name]
        : [field.Name + "Atomic"];

    private static readonly StructLayout s_none = new(
        "", DeclaredKind.Sequential, 0, 0, 0, 1, false, false, 1, EquatableArray<FieldLayout>.Empty, EquatableArray<Gap>.Empty);

    private static string Free(HashSet<string> taken, string usual, string otherwise)
    {
        if (!taken.Contains(usual))
        {
            return usual;
        }

        while (taken.Contains(otherwise))
        {
            otherwise += "_";
        }

        return otherwise;
    }

    private static bool IsOf(INamedTypeSymbol type, string name) => name switch
    {
        "ReadFrom" => type.IsAllValid(),
        "TryReadFrom" => type.IsValidateOnRead(),
        _ => true,
    };

    private static string Instead(INamedTypeSymbol type, string name, string view) => name switch
    {
        "At" or "TryAt" => $"'memory.{name}<{type.Name}.{view}>(offset)'",
        "ArrayAt" => $"'SharedViews.ArrayAt<{type.Name}, {type.Name}.{view}, HostSharedMemory>(memory, offset, count)'",
        "TryArrayAt" => $"'SharedViews.TryArrayAt<{type.Name}, {type.Name}.{view}, HostSharedMemory>(memory, offset, count, out …)'",
        "ReadFrom" => $"'SharedBytes.Read<{type.Name}>(source)'",
        "TryReadFrom" => "'SharedBytes.TryRead(source, out value)'",
        _ => type.IsAllValid() ? "'SharedBytes.Write(destination, value)'" : "'SharedBytes.WriteValidated(destination, value)'",
    };

    // A user may add members to a view: a partial View is welcome.
    private static bool IsPartOfGenerated(ISymbol member) =>
        member is INamedTypeSymbol { Arity: 0 } nested && ShapeRules.IsPartial(nested)
        && (nested is { Name: DefaultView, IsRefLikeType: true } || nested is { Name: DefaultLayout, IsStatic: true });
}
