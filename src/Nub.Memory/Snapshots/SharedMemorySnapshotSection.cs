using System.Diagnostics;

namespace Nub.Memory;

/// <summary>
/// What travels in a snapshot beside the memory: a processor's registers, a device's state. The library carries the bytes and knows nothing of
/// them; their reader judges the version first.
/// </summary>
[DebuggerDisplay("{Name,nq}, version {Version}, {Content.Length} bytes")]
public sealed class SharedMemorySnapshotSection
{
    /// <summary>The longest name, in bytes of UTF-8.</summary>
    public const int LongestName = 255;

    /// <summary>The most sections of a snapshot.</summary>
    public const int MostSections = 1024;

    /// <summary>The most bytes that all sections of a snapshot take together with their names and 16 bytes for each: 64 MiB.</summary>
    public const int MostBytes = 64 << 20;

    /// <summary>Makes a section.</summary>
    /// <param name="name">Its name, unique within a snapshot: 1 to 255 bytes of UTF-8.</param>
    /// <param name="version">The version of the content's layout.</param>
    /// <param name="content">The bytes, at most 64 MiB. They are not copied.</param>
    /// <exception cref="ArgumentException">The name is empty, too long, or no text; or the content is too large.</exception>
    public SharedMemorySnapshotSection(string name, uint version, ReadOnlyMemory<byte> content)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        NameBytes = SnapshotSections.Encode(name);
        if (NameBytes.Length > LongestName)
        {
            throw new ArgumentException($"The name of a section has at most {LongestName} bytes, not {NameBytes.Length}.", nameof(name));
        }

        if (content.Length > MostBytes)
        {
            throw new ArgumentException($"The sections of a snapshot have at most {MostBytes} bytes; this one has {content.Length}.", nameof(content));
        }

        Name = name;
        Version = version;
        Content = content;
    }

    /// <summary>What it is called by.</summary>
    public string Name { get; }

    /// <summary>The version of the content's layout.</summary>
    public uint Version { get; }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>The name in UTF-8.</summary>
    internal byte[] NameBytes { get; }
}
