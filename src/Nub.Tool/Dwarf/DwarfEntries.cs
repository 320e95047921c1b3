using System.Runtime.InteropServices;
using Nub.Tool.Elf;

namespace Nub.Tool.Dwarf;

/// <summary>A unit: what one translation unit has.</summary>
/// <param name="Start">In the section <c>.debug_info</c>.</param>
/// <param name="First">Its first entry.</param>
/// <param name="End">Behind its last.</param>
internal sealed record DwarfUnit(long Start, long First, long End, int Version, int AddressSize, int OffsetSize, Dictionary<ulong, DwarfForm> Forms)
{
    /// <summary>Where its offsets of names begin in <c>.debug_str_offsets</c>.</summary>
    public long Names { get; set; }
}

/// <summary>How the entries of a number are written.</summary>
internal sealed record DwarfForm(int Tag, bool HasChildren, IReadOnlyList<(int Attribute, int Form, long Constant)> Attributes);

/// <summary>An entry: a type, a member, or anything else, with those of its attributes that say something of layouts.</summary>
internal sealed class DwarfEntry
{
    public long Offset { get; init; }

    public long Next { get; set; }

    public int Tag { get; init; }

    public bool HasChildren { get; init; }

    public string Name { get; set; } = "";

    /// <summary>The entry of its type; 0 when it has none.</summary>
    public long Type { get; set; }

    /// <summary>The signature of its type, where that stands in a unit of its own; 0 when it does not.</summary>
    public ulong Signature { get; set; }

    public Dictionary<int, long> Numbers { get; } = [];

    public long? Number(int attribute) => Numbers.TryGetValue(attribute, out long value) ? value : null;
}

/// <summary>The entries of a file's DWARF (versions 2 to 5), which may hold anything: each number is checked before it is followed.</summary>
internal sealed class DwarfEntries
{
    // About what is kept of each, in bytes.
    private const int OfUnit = 128;
    private const int OfForms = 256;
    private const int OfForm = 128;
    private const int OfAttribute = 32;

    private readonly byte[] _info;
    private readonly byte[] _forms;
    private readonly byte[] _texts;
    private readonly byte[] _lineTexts;
    private readonly byte[] _textOffsets;
    private readonly Dictionary<long, Dictionary<ulong, DwarfForm>> _known = [];
    private readonly Effort _effort;

    /// <exception cref="ToolException">The file has none, or it is damaged.</exception>
    public DwarfEntries(string path)
    {
        using var elf = new ElfFile(path);
        _info = elf.Section(".debug_info") ?? throw new ToolException($"{path} has no section .debug_info: compile it with -g, or compare with the header or a kernel's BTF.");
        _forms = elf.Section(".debug_abbrev") ?? throw new ToolException($"{path} has no section .debug_abbrev, without which its .debug_info cannot be read.");
        _texts = elf.Section(".debug_str") ?? [];
        _lineTexts = elf.Section(".debug_line_str") ?? [];
        _textOffsets = elf.Section(".debug_str_offsets") ?? [];
        _effort = new Effort("DWARF", (long)_info.Length + _forms.Length + _texts.Length + _lineTexts.Length + _textOffsets.Length, elf.Length);
        ReadUnits();
    }

    public List<DwarfUnit> Units { get; } = [];

    /// <summary>The types that stand in units of their own, by their signatures.</summary>
    public Dictionary<ulong, long> Signatures { get; } = [];

    public DwarfUnit UnitOf(long offset)
    {
        int index = CollectionsMarshal.AsSpan(Units).BinarySearch(new ByStart(offset));
        DwarfUnit? unit = (index >= 0 ? index : ~index - 1) is >= 0 and var at ? Units[at] : null;
        return unit is not null && offset >= unit.First && offset < unit.End ? unit : throw new ToolException($"The DWARF is damaged: an entry at {offset} is of no unit.");
    }

    /// <summary>Reads an entry.</summary>
    /// <returns>The entry; null where a list of children ends.</returns>
    public DwarfEntry? Read(DwarfUnit unit, long offset)
    {
        var cursor = new DwarfCursor(_info.AsSpan(0, (int)unit.End), offset);
        ulong number = cursor.Unsigned();
        if (number == 0)
        {
            return null;
        }

        if (!unit.Forms.TryGetValue(number, out DwarfForm? form))
        {
            throw new ToolException($"The DWARF is damaged: the entry at {offset} is of form {number}, which there is none of.");
        }

        Spend(1 + form.Attributes.Count);
        var entry = new DwarfEntry { Offset = offset, Tag = form.Tag, HasChildren = form.HasChildren };
        foreach ((int attribute, int how, long constant) in form.Attributes)
        {
            ReadAttribute(ref cursor, unit, entry, attribute, how, constant);
        }

        entry.Next = cursor.At;
        return entry;
    }

    /// <summary>Counts what the file has its reader do.</summary>
    /// <exception cref="ToolException">It is too much.</exception>
    public void Spend(long steps) => _effort.Spend(steps);

    /// <summary>Counts what is kept of the file, about so many bytes.</summary>
    /// <exception cref="ToolException">It is too much.</exception>
    public void Keep(long about) => _effort.Keep(about);

    /// <summary>The entries right below an entry.</summary>
    public IEnumerable<DwarfEntry> ChildrenOf(DwarfUnit unit, DwarfEntry entry)
    {
        if (!entry.HasChildren)
        {
            yield break;
        }

        long at = entry.Next;
        for (int depth = 0; at < unit.End;)
        {
            DwarfEntry? child = Read(unit, at);
            at = child?.Next ?? at + 1;
            if (child is null)
            {
                if (depth-- == 0)
                {
                    yield break;
                }

                continue;
            }

            if (depth == 0)
            {
                yield return child;
            }

            depth += child.HasChildren ? 1 : 0;
        }
    }

    private void ReadUnits()
    {
        for (long at = 0; at < _info.Length;)
        {
            var cursor = new DwarfCursor(_info, at);
            ulong length = cursor.Fixed(4);
            int offsetSize = length == 0xFFFF_FFFF ? 8 : 4;
            length = offsetSize == 8 ? cursor.Fixed(8) : length;
            if (length == 0 || length > (ulong)(_info.Length - cursor.At))
            {
                throw new ToolException($"The DWARF is damaged or cut off: the unit at {at} has {length} bytes, and {_info.Length - cursor.At} are left.");
            }

            long end = cursor.At + (long)length;
            int version = (int)cursor.Fixed(2);
            if (version is < 2 or > 5)
            {
                throw new ToolException($"The unit at {at} is of DWARF {version}, and 2 to 5 are read.");
            }

            int kind = version == 5 ? (int)cursor.Fixed(1) : 1;
            int addressSize = version == 5 ? (int)cursor.Fixed(1) : 0;
            long forms = (long)cursor.Fixed(offsetSize);
            addressSize = version == 5 ? addressSize : (int)cursor.Fixed(1);
            if (addressSize is not (2 or 4 or 8))
            {
                throw new ToolException($"The DWARF is damaged: the unit at {at} has addresses of {addressSize} bytes.");
            }

            Keep(OfUnit);
            ulong signature = kind is 2 or 4 or 5 or 6 ? cursor.Fixed(8) : 0;
            long type = kind is 2 or 6 ? (long)cursor.Fixed(offsetSize) : 0;
            var unit = new DwarfUnit(at, cursor.At, end, version, addressSize, offsetSize, FormsAt(forms)) { Names = offsetSize == 8 ? 16 : 8 };
            Units.Add(unit);
            if (kind is 2 or 6)
            {
                Signatures[signature] = at + type;
            }

            at = end;
        }
    }

    private Dictionary<ulong, DwarfForm> FormsAt(long offset)
    {
        if (_known.TryGetValue(offset, out Dictionary<ulong, DwarfForm>? known))
        {
            return known;
        }

        // Counted while it is read: tables that begin in different places may share the most of their bytes.
        Keep(OfForms);
        var forms = new Dictionary<ulong, DwarfForm>();
        var cursor = new DwarfCursor(_forms, offset);
        long counted = offset;
        while (!cursor.IsAtEnd && cursor.Unsigned() is not 0 and var number)
        {
            Keep(OfForm);
            int tag = (int)Math.Min(cursor.Unsigned(), int.MaxValue);
            bool hasChildren = cursor.Fixed(1) != 0;
            var attributes = new List<(int, int, long)>();
            while (true)
            {
                int attribute = (int)Math.Min(cursor.Unsigned(), int.MaxValue);
                int form = (int)Math.Min(cursor.Unsigned(), int.MaxValue);
                long constant = form == DwarfNames.ImplicitConstant ? cursor.Signed() : 0;
                Spend(cursor.At - counted);
                counted = cursor.At;
                if (attribute == 0 && form == 0)
                {
                    break;
                }

                Keep(OfAttribute);
                attributes.Add((attribute, form, constant));
            }

            forms[number] = new DwarfForm(tag, hasChildren, attributes);
        }

        _known.Add(offset, forms);
        return forms;
    }

    private void ReadAttribute(ref DwarfCursor cursor, DwarfUnit unit, DwarfEntry entry, int attribute, int form, long constant)
    {
        if (form == DwarfNames.Indirect)
        {
            form = (int)Math.Min(cursor.Unsigned(), int.MaxValue);
            if (form == DwarfNames.Indirect)
            {
                throw new ToolException($"The DWARF is damaged: the form of an attribute of the entry at {entry.Offset} is indirect twice.");
            }
        }

        switch (form)
        {
            case 0x08:
                SetText(entry, attribute, ReadText(ref cursor));
                break;
            case 0x0e or 0x1f:
                ulong place = cursor.Fixed(unit.OffsetSize);
                SetText(entry, attribute, () => TextAt(form == 0x0e ? _texts : _lineTexts, place));
                break;
            case 0x1a or 0x25 or 0x26 or 0x27 or 0x28:
                ulong index = form == 0x1a ? cursor.Unsigned() : cursor.Fixed(form - 0x24);
                SetText(entry, attribute, () => TextAt(unit, index));
                break;
            case 0x11 or 0x12 or 0x13 or 0x14:
                Refer(entry, attribute, unit.Start + Limit(cursor.Fixed(1 << (form - 0x11))));
                break;
            case 0x15:
                Refer(entry, attribute, unit.Start + Limit(cursor.Unsigned()));
                break;
            case 0x10:
                Refer(entry, attribute, Limit(cursor.Fixed(unit.Version == 2 ? unit.AddressSize : unit.OffsetSize)));
                break;
            case 0x20:
                ulong signature = cursor.Fixed(8);
                entry.Signature = attribute == DwarfNames.Type ? signature : entry.Signature;
                break;
            case 0x0b or 0x05 or 0x06 or 0x07:
                entry.Numbers[attribute] = unchecked((long)cursor.Fixed(form switch { 0x0b => 1, 0x05 => 2, 0x06 => 4, _ => 8 }));
                break;
            case 0x0f:
                entry.Numbers[attribute] = unchecked((long)cursor.Unsigned());
                break;
            case 0x0d:
                entry.Numbers[attribute] = cursor.Signed();
                break;
            case DwarfNames.ImplicitConstant:
                entry.Numbers[attribute] = constant;
                break;
            case 0x0c:
                entry.Numbers[attribute] = (long)cursor.Fixed(1);
                break;
            case 0x19:
                entry.Numbers[attribute] = 1;
                break;
            case 0x17:
                unit.Names = attribute == DwarfNames.TextOffsets ? Limit(cursor.Fixed(unit.OffsetSize)) : Skipped(ref cursor, (ulong)unit.OffsetSize, unit.Names);
                break;
            case 0x18 or 0x09 or 0x0a or 0x03 or 0x04:
                ulong length = form switch { 0x0a => cursor.Fixed(1), 0x03 => cursor.Fixed(2), 0x04 => cursor.Fixed(4), _ => cursor.Unsigned() };
                ReadBlock(ref cursor, entry, attribute, length);
                break;
            default:
                cursor.Skip(DwarfNames.SizeOf(form, unit.AddressSize, unit.OffsetSize) ?? Variable(ref cursor, form));
                break;
        }
    }

    // Where a member stands, as an expression: plus so many bytes.
    private static void ReadBlock(ref DwarfCursor cursor, DwarfEntry entry, int attribute, ulong length)
    {
        long end = cursor.At + Limit(length);
        if (attribute == DwarfNames.Location && length > 1 && cursor.Fixed(1) == DwarfNames.PlusConstant)
        {
            entry.Numbers[attribute] = Limit(cursor.Unsigned());
        }

        cursor.Skip((ulong)Math.Max(0, end - cursor.At));
    }

    private static ulong Variable(ref DwarfCursor cursor, int form)
    {
        if (form is not (0x1b or 0x22 or 0x23 or 0x1f01 or 0x1f02))
        {
            throw new ToolException($"The DWARF has an attribute of form 0x{form:X}, which is damage or newer than this tool.");
        }

        cursor.Unsigned();
        return 0;
    }

    private static long Skipped(ref DwarfCursor cursor, ulong length, long value)
    {
        cursor.Skip(length);
        return value;
    }

    private static void SetText(DwarfEntry entry, int attribute, string text) => entry.Name = attribute == DwarfNames.Name ? text : entry.Name;

    // Of the texts of a file most are of no type.
    private static void SetText(DwarfEntry entry, int attribute, Func<string> text)
    {
        if (attribute == DwarfNames.Name && DwarfNames.IsNamed(entry.Tag))
        {
            entry.Name = text();
        }
    }

    private static void Refer(DwarfEntry entry, int attribute, long offset) => entry.Type = attribute == DwarfNames.Type ? offset : entry.Type;

    private string TextAt(DwarfUnit unit, ulong index)
    {
        long at = unit.Names + (Limit(index) * unit.OffsetSize);
        ulong place = new DwarfCursor(_textOffsets, at).Fixed(unit.OffsetSize);
        return TextAt(_texts, place);
    }

    private string TextAt(byte[] texts, ulong place)
    {
        var cursor = new DwarfCursor(texts, Limit(place));
        return ReadText(ref cursor);
    }

    private string ReadText(ref DwarfCursor cursor)
    {
        long start = cursor.At;
        string text = cursor.Text();
        Spend(cursor.At - start);
        return text;
    }

    // Beyond every section, and no sum of it wraps.
    private static long Limit(ulong number) => (long)Math.Min(number, 1UL << 40);

    private readonly struct ByStart(long offset) : IComparable<DwarfUnit>
    {
        public int CompareTo(DwarfUnit? other) => offset.CompareTo(other!.Start);
    }
}
