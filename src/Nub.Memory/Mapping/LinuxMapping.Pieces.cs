using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

// Memory whose parts are mapped from several files: a snapshot in layers.
internal sealed partial class LinuxMapping
{
    // Null of a mapping of one file or none. The files are this mapping's own.
    private MappedPiece[]? _pieces;

    /// <summary>The files that the memory is mapped from, to be mapped by others too while this mapping stays.</summary>
    /// <exception cref="NotSupportedException">It is mapped from none.</exception>
    public override IReadOnlyList<MappedPiece> Pieces => _pieces
        ?? (_file is not null ? [new MappedPiece(0, Size, _file, _offset)] : base.Pieces);

    /// <summary>Maps parts of files to be read, where others may write or shorten them.</summary>
    /// <param name="pieces">The parts, without gaps. Their files stay the caller's.</param>
    /// <param name="size">The size in bytes: a multiple of the page size.</param>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    public static LinuxMapping OpenPieces(IReadOnlyList<MappedPiece> pieces, ulong size)
    {
        var own = new MappedPiece[pieces.Count];
        var files = new Dictionary<SafeFileHandle, SafeFileHandle>(ReferenceEqualityComparer.Instance);
        try
        {
            for (int i = 0; i < own.Length; i++)
            {
                own[i] = pieces[i];
                if (pieces[i].File is { } file)
                {
                    if (!files.TryGetValue(file, out SafeFileHandle? duplicate))
                    {
                        files.Add(file, duplicate = DuplicateOf(file, "a snapshot's file"));
                    }

                    own[i] = pieces[i] with { File = duplicate };
                }
            }

            IndirectAccess? indirect = SurvivingAccess(allowUnsealed: true);
            Extent extent = MapPieces(own, size, LinuxNative.ProtRead, LinuxNative.MapShared);
            LinuxMapping mapping = Own(extent, MappingBacking.File, indirect: indirect, isReadOnly: true, canGo: true, othersCanWrite: true, isTrusted: true);
            mapping._pieces = own;
            return mapping;
        }
        catch
        {
            foreach (SafeFileHandle file in files.Values)
            {
                file.Dispose();
            }

            throw;
        }
    }

    private static Extent MapPieces(MappedPiece[] pieces, ulong size, int protection, int sharing)
    {
        Extent extent = Reserve(size, 0, PageSize);
        foreach (MappedPiece piece in pieces)
        {
            // MAP_FIXED replaces pages of our own reservation only: the pieces lie within it, one after another.
            nint address = extent.Address + (nint)piece.Offset;
            int flags = LinuxNative.MapFixed | LinuxNative.MapNoReserve;
            nint mapped = piece.File is null
                ? LinuxNative.MMap(address, (nuint)piece.Length, protection, flags | LinuxNative.MapPrivate | LinuxNative.MapAnonymous, -1, 0)
                : LinuxNative.MMapFile(address, (nuint)piece.Length, protection, flags | sharing, piece.File, (long)piece.FileOffset);
            if (mapped != address)
            {
                int error = Unreserve(extent);
                throw new SharedMemoryMapException("mmap", error, $"{piece.Length} bytes at {piece.Offset} of {size}, one of {pieces.Length} pieces of a snapshot");
            }
        }

        return extent;
    }

    private void ReleasePieces()
    {
        foreach (MappedPiece piece in _pieces ?? [])
        {
            piece.File?.Dispose();
        }
    }
}
