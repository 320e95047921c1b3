using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Nub.Memory;

/// <summary>The sections as they stand at the end of a snapshot's file: for each the lengths and the version, its name, its content.</summary>
internal static class SnapshotSections
{
    private const int PrefixLength = 16;

    // Throws for what is no text, where the usual one would write question marks.
    private static readonly UTF8Encoding s_strict =
        Once.Make(static () => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));

    /// <exception cref="ArgumentException">The name has half a surrogate pair.</exception>
    public static byte[] Encode(string name) => s_strict.GetBytes(name);

    /// <summary>Looks whether sections fit a snapshot together.</summary>
    /// <exception cref="ArgumentException">A name is there twice, or there are too many of them or of their bytes.</exception>
    public static SharedMemorySnapshotSection[] Check(IEnumerable<SharedMemorySnapshotSection>? sections, string parameter)
    {
        SharedMemorySnapshotSection[] all = sections is null ? [] : [.. sections];
        var names = new HashSet<string>(StringComparer.Ordinal);
        long length = 0;
        foreach (SharedMemorySnapshotSection section in all)
        {
            ArgumentNullException.ThrowIfNull(section, parameter);
            length += PrefixLength + section.NameBytes.Length + section.Content.Length;
            if (!names.Add(section.Name))
            {
                throw new ArgumentException($"There are two sections by the name {section.Name}.", parameter);
            }
        }

        return all.Length <= SharedMemorySnapshotSection.MostSections && length <= SharedMemorySnapshotSection.MostBytes ? all : throw new ArgumentException(
            $"{all.Length} sections of {length} bytes are more than the {SharedMemorySnapshotSection.MostSections} sections and {SharedMemorySnapshotSection.MostBytes} bytes of a snapshot.",
            parameter);
    }

    /// <summary>The sections as they stand in the file.</summary>
    public static byte[] ToBytes(IReadOnlyList<SharedMemorySnapshotSection> sections)
    {
        byte[] bytes = new byte[sections.Sum(section => PrefixLength + section.NameBytes.Length + section.Content.Length)];
        Span<byte> rest = bytes;
        foreach (SharedMemorySnapshotSection section in sections)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)section.NameBytes.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(rest[4..], section.Version);
            BinaryPrimitives.WriteUInt64LittleEndian(rest[8..], (ulong)section.Content.Length);
            rest = rest[PrefixLength..];
            section.NameBytes.CopyTo(rest);
            rest = rest[section.NameBytes.Length..];
            section.Content.Span.CopyTo(rest);
            rest = rest[section.Content.Length..];
        }

        return bytes;
    }

    public static SharedMemorySnapshotHash HashOf(ReadOnlySpan<byte> bytes) => new(SHA256.HashData(bytes));

    /// <summary>Reads the sections of a file.</summary>
    /// <exception cref="SharedMemorySnapshotException">They are damaged, or contradict themselves.</exception>
    public static SharedMemorySnapshotSection[] Read(string path, SnapshotHeader header, byte[] bytes)
    {
        SharedMemorySnapshotHash actual = HashOf(bytes);
        if (actual != header.SectionsHash)
        {
            throw Refused(path, header.SectionsOffset, $"The hash of the sections' {bytes.Length} bytes is {actual}, and the header says {header.SectionsHash}.");
        }

        var sections = new SharedMemorySnapshotSection[header.SectionCount];
        var names = new HashSet<string>(StringComparer.Ordinal);
        int at = 0;
        for (int i = 0; i < sections.Length; i++)
        {
            ulong place = header.SectionsOffset + (ulong)at;
            int left = bytes.Length - at;
            if (left < PrefixLength)
            {
                throw Refused(path, place, $"Section {i} of {sections.Length} has {left} bytes left, which is less than it begins with.");
            }

            ReadOnlySpan<byte> prefix = bytes.AsSpan(at, PrefixLength);
            int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(prefix);
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix[8..]);
            left -= PrefixLength;
            at += PrefixLength;
            if (nameLength is 0 or > SharedMemorySnapshotSection.LongestName || nameLength > left || length > (ulong)(left - nameLength)
                || BinaryPrimitives.ReadUInt16LittleEndian(prefix[2..]) != 0)
            {
                throw Refused(path, place, $"Section {i} says that its name has {nameLength} bytes and its content {length}, and {left} are left.");
            }

            string? name = Decode(bytes.AsSpan(at, nameLength));
            at += nameLength;
            if (name is null || !names.Add(name))
            {
                throw Refused(path, place, $"The name of section {i} is {(name is null ? "no UTF-8" : $"{name} again")}.");
            }

            sections[i] = new SharedMemorySnapshotSection(name, BinaryPrimitives.ReadUInt32LittleEndian(prefix[4..]), bytes.AsMemory(at, (int)length));
            at += (int)length;
        }

        return at == bytes.Length ? sections : throw Refused(path, header.SectionsOffset + (ulong)at, $"After the last of {sections.Length} sections come {bytes.Length - at} bytes.");
    }

    private static string? Decode(ReadOnlySpan<byte> name)
    {
        try
        {
            return s_strict.GetString(name);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static SharedMemorySnapshotException Refused(string path, ulong offset, string detail) =>
        new(SharedMemorySnapshotError.SectionsDamaged, path, offset, detail);
}
