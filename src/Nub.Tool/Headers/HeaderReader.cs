using Nub.Tool.CTypes;
using static Nub.Tool.Headers.LibClang;

namespace Nub.Tool.Headers;

/// <summary>Reads the structs and unions of headers as the compiler lays them out.</summary>
internal sealed class HeaderReader
{
    // Refused in C, and an answer that could not be used.
    private const string BigEndian = "the target is big-endian";

    // A header with more is meant to keep the reader busy, or to exhaust its stack. libclang goes through all members of a struct for the place of each.
    private const int MaximumDepth = 64;
    private const long MaximumMembers = 20_000;

    private static readonly string[] s_withoutName = ["(unnamed", "(anonymous"];

    private readonly Dictionary<Cursor, CStruct> _structs = new(CursorComparer.Instance);
    private readonly Dictionary<Cursor, string> _typedefs = new(CursorComparer.Instance);

    // How many members a struct has, when those of its anonymous ones are its own, and how deep structs stand in it.
    private readonly Dictionary<CStruct, (long Members, int Depth)> _inside = new(ReferenceEqualityComparer.Instance);

    private HeaderReader()
    {
    }

    /// <summary>Reads headers.</summary>
    /// <returns>Every struct and union with a name, in the order of their definition.</returns>
    /// <exception cref="ToolException">They do not compile, or there is no libclang.</exception>
    public static IReadOnlyList<CStruct> Read(HeaderOptions options)
    {
        string order = $"#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__\n#error {BigEndian}\n#endif\n";
        using var translation = Translation.Parse(order + options.Source, [.. options.Arguments]);
        if (translation.Errors.Count > 0)
        {
            throw new ToolException(Explain(translation.Errors));
        }

        return new HeaderReader().ReadAll(translation.Root);
    }

    private static string Explain(IReadOnlyList<string> errors)
    {
        string said = string.Join('\n', errors.Take(10)) + (errors.Count > 10 ? $"\n… and {errors.Count - 10} more errors" : "");
        if (errors.Any(static error => error.Contains(BigEndian, StringComparison.Ordinal)))
        {
            return "Layouts of big-endian targets cannot be imported: Nub's values are little-endian, but for those that say otherwise.";
        }

        string hint = !errors.Any(static error => error.Contains("file not found", StringComparison.Ordinal)) ? ""
            : SystemHeaders.Find() is null
                ? "\nThe headers that every compiler brings (stddef.h, stdint.h) are looked for in /usr/lib/gcc and /usr/lib/llvm-*: install gcc or clang, or name their directory with -I."
                : "\nName the directory of the missing header with -I, or install the package that has it (the kernel's are in linux-libc-dev).";
        return "The headers do not compile:\n" + said + hint;
    }

    private List<CStruct> ReadAll(Cursor root)
    {
        var declarations = new List<Cursor>();
        Collect(root, declarations);
        return [.. declarations.Select(StructOf).Where(static one => one.Name.Length > 0)];
    }

    // A struct that is defined inside of another one is a name of the file's all the same.
    private void Collect(Cursor parent, List<Cursor> found)
    {
        foreach (Cursor child in Translation.ChildrenOf(parent))
        {
            if (child.Kind is ClangKinds.StructDeclaration or ClangKinds.UnionDeclaration && IsDefinition(child) != 0)
            {
                Collect(child, found);
                found.Add(child);
            }
            else if (child.Kind == ClangKinds.TypedefDeclaration && CanonicalOf(UnderlyingOf(child)) is { Kind: ClangKinds.Record } record)
            {
                Cursor declaration = DeclarationOf(record);
                _typedefs.TryAdd(declaration, Translation.Take(SpellingOf(child)));
            }
        }
    }

    private CStruct StructOf(Cursor declaration)
    {
        if (_structs.TryGetValue(declaration, out CStruct? known))
        {
            return known;
        }

        LibClang.Type type = CanonicalOf(TypeOf(declaration));
        (string name, bool isTag) = NameOf(declaration);
        Expand(LocationOf(declaration), out nint file, out _, out _, out _);
        List<Cursor> fields = Translation.FieldsOf(type);
        RefuseMembers(fields.Count, name);
        var members = new List<CMember>();
        (long count, int depth) = (0, 0);
        foreach (Cursor field in fields)
        {
            CMember member = MemberOf(field);
            members.Add(member);
            (long its, int below) = member.Type.Innermost.Struct is { } inside ? _inside[inside] : (1, 0);
            count += member.Name.Length == 0 ? Math.Max(1, its) : 1;
            depth = Math.Max(depth, below + 1);
            RefuseMembers(count, name);
            Refuse(depth > MaximumDepth, $"a struct '{name}' in which structs stand in structs more than {MaximumDepth} times");
        }

        var read = new CStruct(name, declaration.Kind == ClangKinds.UnionDeclaration, SizeOf(type), AlignmentOf(type))
        {
            File = file == 0 ? "" : Translation.Take(LibClang.NameOf(file)),
            IsTag = isTag,
            Members = members,
        };
        _structs.Add(declaration, read);
        _inside.Add(read, (count, depth));
        return read;
    }

    private (string Name, bool IsTag) NameOf(Cursor declaration)
    {
        string spelling = Translation.Take(SpellingOf(declaration));
        bool hasTag = IsAnonymous(declaration) == 0 && spelling.Length > 0 && !spelling.Contains('(', StringComparison.Ordinal);
        if (hasTag && !(_typedefs.TryGetValue(declaration, out string? same) && same == spelling && !HasTag(declaration)))
        {
            return (spelling, true);
        }

        return _typedefs.TryGetValue(declaration, out string? typedef) ? (typedef, false) : ("", false);
    }

    // libclang gives a struct without a tag the name of its typedef; its type is then not spelled with the keyword.
    private static bool HasTag(Cursor declaration) =>
        Translation.Take(SpellingOf(TypeOf(declaration))).Contains(' ', StringComparison.Ordinal);

    private CMember MemberOf(Cursor field)
    {
        string name = Translation.Take(SpellingOf(field));
        int? width = IsBitField(field) != 0 ? BitWidthOf(field) : null;
        CType type = Describe(TypeOf(field), 0);

        // A later libclang describes a field without a name in words.
        bool isAnonymous = name.Contains('(', StringComparison.Ordinal);
        return new CMember(isAnonymous ? "" : name, BitOffsetOf(field), width, type);
    }

    // Clang spells what has no name with the file and the line of its declaration, which a header says as it likes (#line); an attribute brings a text along too.
    private static string NameOf(LibClang.Type type, string otherwise)
    {
        string spelling = Translation.Take(SpellingOf(type));
        bool isPlain = spelling.All(static one => char.IsLetterOrDigit(one) || " _*(),[].$".Contains(one, StringComparison.Ordinal));
        return isPlain && !s_withoutName.Any(one => spelling.Contains(one, StringComparison.Ordinal)) ? spelling : otherwise;
    }

    private CType Describe(LibClang.Type type, int depth)
    {
        Refuse(depth > MaximumDepth, $"a type that is made of more than {MaximumDepth} others, each of the next");
        LibClang.Type canonical = CanonicalOf(type);
        long size = Math.Max(0, SizeOf(type));
        switch (canonical.Kind)
        {
            case ClangKinds.Bool or (>= ClangKinds.CharUnsigned and <= ClangKinds.UnsignedInt128):
                return new CType(CKind.Integer, NameOf(type, "an integer"), size) { Order = OrderOf(type) };
            case >= ClangKinds.CharSigned and <= ClangKinds.Int128:
                return new CType(CKind.Integer, NameOf(type, "an integer"), size) { IsSigned = canonical.Kind != ClangKinds.CharSigned, Order = OrderOf(type) };
            case ClangKinds.Float or ClangKinds.Double or ClangKinds.Half or ClangKinds.Float16:
                return new CType(CKind.Float, NameOf(type, "a float"), size);
            case ClangKinds.Pointer:
                return new CType(CKind.Pointer, NameOf(type, "a pointer"), size);
            case ClangKinds.Enum:
                CType integer = Describe(IntegerOf(DeclarationOf(canonical)), depth + 1);
                return integer with { Kind = CKind.Enum, Name = NameOf(type, "enum") };
            case ClangKinds.Record:
                CStruct inside = StructOf(DeclarationOf(canonical));
                return new CType(CKind.Struct, inside.Name.Length == 0 ? inside.Keyword : NameOf(type, inside.Display), size) { Struct = inside };
            case ClangKinds.Atomic:
                CType value = Describe(ValueOf(canonical), depth + 1);
                return value with { Name = NameOf(type, value.Name) };
            case ClangKinds.ConstantArray or ClangKinds.IncompleteArray:
                return DescribeArray(type, size, depth);
            default:
                return new CType(CKind.Other, NameOf(type, "a type without a name"), size);
        }
    }

    private CType DescribeArray(LibClang.Type type, long size, int depth)
    {
        LibClang.Type array = Desugar(type);
        CType element = Describe(ElementOf(array), depth + 1);
        long count = Math.Max(0, CountOf(array));
        return new CType(CKind.Array, "", size) { Element = element.Innermost, Count = element.Kind == CKind.Array ? count * element.Count : count };
    }

    // Through the typedefs, of which each has a name that may say it.
    private static COrder OrderOf(LibClang.Type type)
    {
        int depth = 0;
        while (type.Kind is ClangKinds.Elaborated or ClangKinds.Typedef)
        {
            if (type.Kind == ClangKinds.Typedef && ByteOrderNames.Of(Translation.Take(SpellingOf(DeclarationOf(type)))) is not COrder.Native and { } order)
            {
                return order;
            }

            type = Step(type, ref depth);
        }

        return COrder.Native;
    }

    private static LibClang.Type Desugar(LibClang.Type type)
    {
        int depth = 0;
        while (type.Kind is ClangKinds.Elaborated or ClangKinds.Typedef)
        {
            type = Step(type, ref depth);
        }

        return type.Kind is ClangKinds.ConstantArray or ClangKinds.IncompleteArray ? type : CanonicalOf(type);
    }

    private static LibClang.Type Step(LibClang.Type type, ref int depth)
    {
        depth += type.Kind == ClangKinds.Typedef ? 1 : 0;
        Refuse(depth > MaximumDepth, $"a typedef of more than {MaximumDepth} others, each of the next");
        return type.Kind == ClangKinds.Elaborated ? NamedOf(type) : UnderlyingOf(DeclarationOf(type));
    }

    private static void RefuseMembers(long count, string name) =>
        Refuse(count > MaximumMembers, $"a struct '{name}' of more than {MaximumMembers} members");

    private static void Refuse(bool isWrong, string what)
    {
        if (isWrong)
        {
            throw new ToolException($"The headers have {what}, which is not imported.");
        }
    }

    private sealed class CursorComparer : IEqualityComparer<Cursor>
    {
        public static readonly CursorComparer Instance = new();

        public bool Equals(Cursor x, Cursor y) => AreEqual(x, y) != 0;

        public int GetHashCode(Cursor obj) => unchecked((int)HashOf(obj));
    }
}
