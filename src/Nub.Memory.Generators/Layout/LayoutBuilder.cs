using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>
/// Computes where the runtime puts each field of a struct, and what keeps the struct from crossing the boundary. The one model
/// that the generators and the analyzers both ask.
/// </summary>
/// <remarks>
/// The rules are the runtime's own for structs without references. Sequential: a field goes to the next multiple of its
/// alignment, which is its type's but at most Pack; the struct's alignment is the largest of these, and its size is rounded up
/// to it unless a larger size is declared. Explicit: the same, with the offsets given. Checked against the runtime in the tests.
/// </remarks>
internal sealed class LayoutBuilder
{
    // Far beyond real code; an endless one is a generic struct that contains a larger instance of itself.
    private const int MaximumDepth = 64;

    private static readonly SymbolDisplayFormat s_display = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers);

    // A struct that is being laid out stands here with null: to meet it again is a cycle.
    private readonly Dictionary<ITypeSymbol, StructLayout?> _structs = new(SymbolEqualityComparer.Default);
    private int _depth;

    // What is laid out for its own sake: generated code stands in it.
    private INamedTypeSymbol? _from;

    public static string Display(ITypeSymbol type) => type.ToDisplayString(s_display);

    /// <summary>Lays out a struct.</summary>
    /// <returns>The layout; null when the struct contains itself, which the compiler reports.</returns>
    public StructLayout? Of(INamedTypeSymbol type)
    {
        if (_structs.TryGetValue(type, out StructLayout? known))
        {
            return known;
        }

        if (_depth == MaximumDepth)
        {
            return null;
        }

        _depth++;
        _from ??= type;
        _structs[type] = null;
        StructLayout layout = LayOut(type);
        _structs[type] = layout;
        _depth--;
        return layout;
    }

    /// <summary>Looks at a type as at a field's.</summary>
    public FieldType TypeOf(ITypeSymbol type)
    {
        if (Primitive.Of(type) is { } primitive)
        {
            return Describe(type, FieldKind.Primitive, primitive.Size, primitive.Size, null) with
            {
                Name = primitive.Name,
                MetadataName = primitive.MetadataName,
                HasLittleEndian = primitive.Size > 1,
            };
        }

        switch (type)
        {
            case { SpecialType: SpecialType.System_Boolean }:
                return Describe(type, FieldKind.Bool, 1, 1, OffenceKind.IllegalPatterns) with { NotValidatable = null };
            case { SpecialType: SpecialType.System_IntPtr or SpecialType.System_UIntPtr } or IPointerTypeSymbol or IFunctionPointerTypeSymbol:
                return Describe(type, FieldKind.HostSized, 8, 8, OffenceKind.HostSized);
            case { SpecialType: SpecialType.System_Decimal }:
                return Describe(type, FieldKind.Framework, 16, 8, OffenceKind.IllegalPatterns);
            case ITypeParameterSymbol:
                return Describe(type, FieldKind.TypeParameter, 1, 1, OffenceKind.TypeParameter);
            case INamedTypeSymbol { TypeKind: TypeKind.Enum } named:
                return EnumType.Describe(named, this);
            case INamedTypeSymbol { TypeKind: TypeKind.Struct } named:
                return InlineArrayLengthOf(named) is { } length ? InlineArray(named, length) : Struct(named);
            case { TypeKind: TypeKind.Error }:
                return Describe(type, FieldKind.Broken, 1, 1, OffenceKind.Broken);
            default:
                return Describe(type, FieldKind.Reference, 8, 8, OffenceKind.Reference);
        }
    }

    /// <summary>A type whose inside does not matter here.</summary>
    internal static FieldType Describe(ITypeSymbol type, FieldKind kind, long size, int alignment, OffenceKind? offence)
    {
        string display = Display(type);
        Offence? reason = offence is { } why ? new Offence(why, EquatableArray<string>.Empty, 0, display) : null;
        return new FieldType(
            kind, type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat), display, type.MetadataName, size, alignment,
            Element: null, Count: 1, HasBigEndian: false, HasLittleEndian: false, IsGenerated: false, IsValidateOnRead: false,
            NotAllValid: reason, NotValidatable: reason, EnumCheck: null);
    }

    internal static int? InlineArrayLengthOf(INamedTypeSymbol type) =>
        type.FindAttribute("InlineArrayAttribute", "System.Runtime.CompilerServices") is { ConstructorArguments: [{ Value: int length }] } ? length : null;

    // Framework structs have fields that are private to them and may differ from one runtime to the next. None of them is marked, and others call their namespaces System.Something too.
    private static bool IsFrameworks(INamedTypeSymbol type)
    {
        INamespaceSymbol? root = type.ContainingNamespace;
        while (root is { ContainingNamespace.IsGlobalNamespace: false })
        {
            root = root.ContainingNamespace;
        }

        // A tuple is declared wherever it is written, and its type is the framework's.
        INamedTypeSymbol definition = (type.TupleUnderlyingType ?? type).OriginalDefinition;
        return root is { Name: "System" } && !type.IsAllValid() && !type.IsValidateOnRead() && !definition.Locations.Any(static location => location.IsInSource);
    }

    internal static string AccessibilityOf(ISymbol symbol) => symbol.DeclaredAccessibility switch
    {
        Accessibility.Public => "public",
        Accessibility.Internal or Accessibility.ProtectedOrInternal => "internal",
        _ => "private",
    };

    private FieldType Struct(INamedTypeSymbol type)
    {
        if (IsFrameworks(type))
        {
            StructLayout? inside = Of(type);
            return Describe(type, FieldKind.Framework, inside?.Size ?? 1, inside?.Alignment ?? 1, OffenceKind.Framework);
        }

        StructLayout? layout = Of(type);
        if (layout is null || layout.Kind == DeclaredKind.Unknown)
        {
            return Describe(type, FieldKind.Broken, 1, 1, OffenceKind.Broken);
        }

        bool isProvedThere = ShapeRules.IsProvedWhereBuilt(type, layout);
        FieldType described = Describe(
            type, FieldKind.Struct, layout.Size, layout.Alignment,
            layout.Kind == DeclaredKind.Auto ? OffenceKind.AutoLayout : isProvedThere ? OffenceKind.Unmarked : OffenceKind.Unproved);
        bool allValid = isProvedThere && type.IsAllValid();
        bool validated = isProvedThere && type.IsValidateOnRead();
        bool isAuto = layout.Kind == DeclaredKind.Auto;
        Offence? notAllValid = layout.NotAllValid ?? (allValid && !isAuto ? null : described.NotAllValid);
        Offence? notValidatable = layout.NotValidatable ?? ((validated || allValid) && !isAuto ? null : described.NotValidatable);
        return described with
        {
            HasBigEndian = layout.HasBigEndian,
            HasLittleEndian = layout.HasLittleEndian,
            NotAllValid = notAllValid,
            NotValidatable = notValidatable,
            IsValidateOnRead = validated,
            IsGenerated = (allValid || validated) && ShapeRules.CanGenerate(type),
            IsProved = (allValid || validated) && ShapeRules.CanGenerate(type) && ShapeRules.IsProved(type, layout),
            Inside = FieldsText.Of(layout),
            Aligned = layout.Aligned,
            View = allValid || validated ? $"{described.Name}.{GeneratedNames.ViewOf(type)}" : null,
        };
    }

    private FieldType InlineArray(INamedTypeSymbol type, int length)
    {
        StructLayout? layout = Of(type);
        if (layout is not { Fields: [{ } element] } || layout.Kind == DeclaredKind.Unknown)
        {
            return Describe(type, FieldKind.Broken, 1, 1, OffenceKind.Broken);
        }

        FieldType described = Describe(type, FieldKind.InlineArray, layout.Size, layout.Alignment, null);

        // Where nothing proved it, [AllValid] is nothing: it is what its elements are. [ValidateOnRead] is an offence then: the runtime goes by the attribute, and refuses each read.
        bool isProvedThere = ShapeRules.IsProvedWhereBuilt(type, layout);
        bool allValid = type.IsAllValid() && isProvedThere;
        bool validated = type.IsValidateOnRead();
        bool isProved = (allValid || validated) && ShapeRules.CanGenerate(type) && ShapeRules.IsProved(type, layout);

        // Only what is declared here: a marked element has its order in its own code.
        bool isTurnedHere = element.BigEndian && element.Type is { HasLittleEndian: true, NotValidatable: null } && (element.Type.IsArray || element.Type.NotAllValid is null) && !(allValid || validated);
        Offence? bare = isTurnedHere ? Because(element.Type.IsArray ? OffenceKind.BigEndianOfArrays : OffenceKind.BareBigEndianArray) : null;

        // The runtime rounds an element's size up before it multiplies it: what is left over stands behind the elements. One that is [AllValid] has an error of its own.
        Offence? unfilled = layout.Gaps.Count > 0 && !allValid ? Because(OffenceKind.UnfilledArray) : null;

        // Elements that are legal may be no array that its Validate accepts.
        Offence? unproved = validated && !isProvedThere ? Because(OffenceKind.Unproved) : null;
        Offence? unasked = validated && !allValid ? Because(OffenceKind.Unmarked) : null;
        return described with
        {
            Element = element.Type,
            ElementAccess = layout.ElementAccess,
            Count = length,
            Aligned = element.Type.Aligned,
            HasBigEndian = element.HasBigEndian,
            HasLittleEndian = element.HasLittleEndian,
            IsValidateOnRead = validated,
            IsWireEnum = element.Type.IsOneWireEnum,
            NotAllValid = element.Type.NotAllValid?.Within("[0]", 0) ?? bare ?? unfilled ?? unproved ?? unasked,
            NotValidatable = element.Type.NotValidatable?.Within("[0]", 0) ?? bare ?? (validated ? null : unfilled) ?? unproved,
            IsGenerated = allValid && isProved,
            IsWronglyMarked = (allValid || validated) && !isProved,
        };

        Offence Because(OffenceKind kind) => new(kind, EquatableArray<string>.Empty, 0, described.Display);
    }

    private FieldType FixedBuffer(IFieldSymbol field, IPointerTypeSymbol pointer)
    {
        FieldType element = TypeOf(pointer.PointedAtType);
        return Describe(pointer, FieldKind.FixedBuffer, element.Size * Math.Max(1, field.FixedSize), element.Alignment, null) with
        {
            Display = $"{element.Display}[{field.FixedSize}]",
            Element = element,
            Count = field.FixedSize,
            HasLittleEndian = element.HasLittleEndian,
            NotAllValid = element.NotAllValid?.Within("[0]", 0),
            NotValidatable = element.NotValidatable?.Within("[0]", 0),
        };
    }

    private FieldType TypeOfField(IFieldSymbol field)
    {
        FieldType type = field.IsFixedSizeBuffer && field.Type is IPointerTypeSymbol pointer ? FixedBuffer(field, pointer) : TypeOf(field.Type);
        return field.IsWireEnum() ? WireEnumRules.AsInteger(type) : type;
    }

    private StructLayout LayOut(INamedTypeSymbol type)
    {
        DeclaredLayout declared = DeclaredLayout.Of(type);
        int? inlineLength = InlineArrayLengthOf(type);
        bool structIsBigEndian = type.IsBigEndian();
        bool isBroken = declared.Pack < 0 || declared.Size < 0 || (declared.Pack & (declared.Pack - 1)) != 0 || inlineLength <= 0;

        var fields = new List<FieldLayout>();
        long end = 0;
        int alignment = 1;
        foreach (ISymbol member in type.GetMembers())
        {
            if (member is IEventSymbol { IsStatic: false, AddMethod.IsImplicitlyDeclared: true } @event)
            {
                FieldType handler = Describe(@event.Type, FieldKind.Reference, 8, 8, OffenceKind.Reference);
                fields.Add(new FieldLayout(@event.Name, @event.Name, "private", handler, end, false));
                continue;
            }

            if (member is not IFieldSymbol { IsStatic: false } field)
            {
                continue;
            }

            FieldType fieldType = TypeOfField(field);
            if (inlineLength is not null && fieldType is { IsValidateOnRead: true, IsWronglyMarked: false, IsFilled: false, NotValidatable: null })
            {
                // Padding is no matter in what is validated, but the innermost elements of an array of these would not stand close together.
                fieldType = fieldType with { NotValidatable = new Offence(OffenceKind.UnfilledArray, EquatableArray<string>.Empty, 0, fieldType.Display) };
            }

            int fieldAlignment = SequentialLayout.Kept(fieldType.Alignment, declared.Pack);
            long offset = SequentialLayout.AlignUp(end, fieldAlignment);
            if (declared.Kind == DeclaredKind.Explicit)
            {
                int? given = DeclaredLayout.OffsetOf(field);
                isBroken |= given is null;
                offset = given ?? 0;
            }

            ISymbol known = field.AssociatedSymbol ?? field;
            bool bigEndian = (structIsBigEndian || field.IsBigEndian()) && HasByteOrder(fieldType);
            fields.Add(new FieldLayout(known.Name, field.Name, AccessibilityOf(known), fieldType, offset, bigEndian) { Aligned = AlignedOf(field, fieldType, declared.Pack) });
            end = Math.Max(end, offset + fieldType.Size);
            alignment = Math.Max(alignment, fieldAlignment);
        }

        long size = SequentialLayout.SizeOf(end, alignment, declared.Size);
        if (inlineLength is { } length)
        {
            // The runtime rounds up the size for one element and multiplies that; the elements themselves stand close together.
            size *= length;
        }

        DeclaredKind kind = isBroken ? DeclaredKind.Unknown : declared.Kind;
        List<Gap> gaps = FindGaps(fields, Math.Max(size, 1), inlineLength ?? 1, out bool hasOverlap);
        return new StructLayout(
            Display(type), kind, declared.Pack, declared.Size, Math.Max(size, 1), alignment, hasOverlap, structIsBigEndian,
            inlineLength ?? 0, fields.ToEquatableArray(), gaps.ToEquatableArray())
        {
            ElementAccess = inlineLength is not null && type.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(static field => !field.IsStatic) is { } held ? ElementAccess.Of(held.Type, type, _from) : null,
            Aligned = Math.Max(Valid(AlignmentRules.DeclaredBy(type)), fields.Count == 0 ? 1 : fields.Max(static field => field.Aligned)),
        };
    }

    // Packing takes a type's alignment away, and leaves what is said of the field itself.
    private static int AlignedOf(IFieldSymbol field, FieldType type, int pack) =>
        Math.Max(Valid(AlignmentRules.DeclaredBy(field)), pack > 0 ? Math.Min(pack, type.Aligned) : type.Aligned);

    private static int Valid(int alignment) => AlignmentRules.IsAlignment(alignment) ? alignment : 1;

    // A struct has no byte order of its own: [BigEndian] on one that has another struct in it says nothing about that.
    private static bool HasByteOrder(FieldType type) => type.Kind switch
    {
        FieldKind.Primitive or FieldKind.Bool or FieldKind.Enum => true,
        FieldKind.InlineArray or FieldKind.FixedBuffer => type.Element is { Kind: FieldKind.Primitive or FieldKind.Bool or FieldKind.Enum },
        _ => false,
    };

    private static List<Gap> FindGaps(List<FieldLayout> fields, long size, int repeat, out bool hasOverlap)
    {
        var gaps = new List<Gap>();
        hasOverlap = false;
        long covered = 0;
        string? last = null;
        foreach (FieldLayout field in fields.OrderBy(static field => field.Offset).ThenBy(static field => field.End))
        {
            hasOverlap |= field.Offset < covered;
            if (field.Offset > covered)
            {
                gaps.Add(new Gap(covered, field.Offset - covered, last));
            }

            if (field.End > covered)
            {
                covered = field.End;
                last = field.Name;
            }
        }

        covered *= repeat;
        if (covered < size)
        {
            gaps.Add(new Gap(covered, size - covered, last));
        }

        return gaps;
    }
}
