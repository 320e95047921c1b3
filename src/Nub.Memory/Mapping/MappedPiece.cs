using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>A part of a memory that is mapped from several files.</summary>
/// <param name="Offset">Where it begins in the memory, in bytes: a multiple of the page size.</param>
/// <param name="Length">Its size in bytes: a multiple of the page size.</param>
/// <param name="File">What it is mapped from; null where it is zero.</param>
/// <param name="FileOffset">Where in the file it begins, in bytes: a multiple of the page size.</param>
internal readonly record struct MappedPiece(ulong Offset, ulong Length, SafeFileHandle? File, ulong FileOffset);
