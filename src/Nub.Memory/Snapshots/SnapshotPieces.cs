using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>Which parts of which files a memory is to be mapped from: a base's, with those of a layer in their places.</summary>
internal static class SnapshotPieces
{
    /// <summary>
    /// The most pieces that are mapped: a system has 65,530 for a whole process (<c>vm.max_map_count</c>), and each copy-on-write view takes
    /// as many again.
    /// </summary>
    public const int Most = 4096;

    /// <summary>Lays a file over a base.</summary>
    /// <param name="file">The file.</param>
    /// <param name="below">The base's pieces; for a whole snapshot one that is zero.</param>
    /// <returns>The pieces, without gaps; null when there are more than <see cref="Most"/>.</returns>
    public static List<MappedPiece>? Lay(SnapshotFile file, IReadOnlyList<MappedPiece> below)
    {
        SnapshotLayout layout = file.Header.Layout;
        var pieces = new Pieces(below);
        ulong place = (ulong)file.Header.Length;
        foreach (ref readonly ChunkEntry entry in file.Entries.AsSpan())
        {
            if (entry.Stored == layout.PagesOf(entry.Chunk))
            {
                pieces.Put(SnapshotLayout.OffsetOf(entry.Chunk), (ulong)layout.LengthOf(entry.Chunk), file.Handle, place);
                place += (ulong)layout.LengthOf(entry.Chunk);
            }
            else
            {
                for (int page = 0, told = entry.Stored | entry.Zero; told >> page != 0; page++)
                {
                    ulong offset = SnapshotLayout.OffsetOf(entry.Chunk) + (ulong)(page * layout.PageSize);
                    if ((entry.Stored >> page & 1) != 0)
                    {
                        pieces.Put(offset, (ulong)layout.PageSize, file.Handle, place);
                        place += (ulong)layout.PageSize;
                    }
                    else if ((entry.Zero >> page & 1) != 0)
                    {
                        pieces.Put(offset, (ulong)layout.PageSize, null, 0);
                    }
                }
            }

            if (pieces.Result.Count > Most)
            {
                return null;
            }
        }

        pieces.End(layout.Size);
        return pieces.Result.Count > Most ? null : pieces.Result;
    }

    /// <summary>Pieces in ascending order; what comes between is taken from the base's, and neighbours that continue each other become one.</summary>
    private sealed class Pieces(IReadOnlyList<MappedPiece> below)
    {
        private ulong _end;
        private int _below;

        public List<MappedPiece> Result { get; } = [];

        public void Put(ulong offset, ulong length, SafeFileHandle? file, ulong fileOffset)
        {
            End(offset);
            Append(new MappedPiece(offset, length, file, fileOffset));
        }

        /// <summary>Takes the base's pieces up to an offset.</summary>
        public void End(ulong offset)
        {
            while (_end < offset)
            {
                while (below[_below].Offset + below[_below].Length <= _end)
                {
                    _below++;
                }

                MappedPiece piece = below[_below];
                ulong skipped = _end - piece.Offset;
                ulong length = Math.Min(offset, piece.Offset + piece.Length) - _end;
                Append(new MappedPiece(_end, length, piece.File, piece.File is null ? 0 : piece.FileOffset + skipped));
            }
        }

        private void Append(in MappedPiece piece)
        {
            _end = piece.Offset + piece.Length;
            if (Result.Count > 0 && Result[^1] is var last && last.File == piece.File && (piece.File is null || last.FileOffset + last.Length == piece.FileOffset))
            {
                Result[^1] = last with { Length = last.Length + piece.Length };
            }
            else
            {
                Result.Add(piece);
            }
        }
    }
}
