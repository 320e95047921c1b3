using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>A file, or on Linux a block device of the host's, behind a <see cref="BlockDevice"/>: the kernel moves the bytes between it and the driver's buffers, without a copy in between.</summary>
public sealed partial class FileStorage : BlockStorage
{
    // linux/falloc.h
    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int ZeroRange = 16;

    // linux/fs.h
    private const int SeekEnd = 2;

    private static readonly byte[] s_zeroes = Once.Make(static () => new byte[64 * 1024]);

    private readonly SafeFileHandle _file;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path. Its length, rounded down to a multiple of 512, is the disk's.</param>
    /// <param name="isReadOnly">Whether to open it for reading only.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be opened so.</exception>
    public FileStorage(string path, bool isReadOnly = false)
        : this(File.OpenHandle(path, FileMode.Open, isReadOnly ? FileAccess.Read : FileAccess.ReadWrite, FileShare.ReadWrite), isReadOnly)
    {
    }

    /// <summary>Takes charge of an open file.</summary>
    /// <param name="file">The file; it is closed with the storage.</param>
    /// <param name="isReadOnly">Whether it is open for reading only.</param>
    public FileStorage(SafeFileHandle file, bool isReadOnly = false)
    {
        ArgumentNullException.ThrowIfNull(file);
        _file = file;
        IsReadOnly = isReadOnly;
        Size = LengthOf(file) & ~511UL;
    }

    /// <inheritdoc/>
    public override ulong Size { get; }

    /// <inheritdoc/>
    public override bool IsReadOnly { get; }

    /// <inheritdoc/>
    public override bool TryRead(ulong position, ChainWriter destination, ulong length)
    {
        try
        {
            return destination.TryReadFrom(_file, (long)position, length, out ulong moved) && moved == length;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public override bool TryWrite(ulong position, ChainReader source, ulong length)
    {
        try
        {
            return source.TryWriteTo(_file, (long)position, length, out _);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public override bool TryFlush()
    {
        try
        {
            RandomAccess.FlushToDisk(_file);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public override bool TryDiscard(ulong position, ulong length)
    {
        // A hint: where the file system cannot, the bytes stay.
        _ = TryAllocate(PunchHole | KeepSize, position, length);
        return true;
    }

    /// <inheritdoc/>
    public override bool TryWriteZeroes(ulong position, ulong length, bool mayUnmap)
    {
        if (TryAllocate((mayUnmap ? PunchHole : ZeroRange) | KeepSize, position, length))
        {
            return true;
        }

        try
        {
            while (length != 0)
            {
                int part = (int)Math.Min(length, (ulong)s_zeroes.Length);
                RandomAccess.Write(_file, s_zeroes.AsSpan(0, part), (long)position);
                position += (ulong)part;
                length -= (ulong)part;
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _file.Dispose();
        base.Dispose(disposing);
    }

    private static ulong LengthOf(SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file);

        // Of a device .NET tells the size of its node, which is 0. Where it ends, it has to be asked; what has no end refuses.
        return (ulong)(length != 0 || !OperatingSystem.IsLinux() ? length : Math.Max(0, LSeek(file, 0, SeekEnd)));
    }

    private bool TryAllocate(int mode, ulong position, ulong length) =>
        length == 0 || (OperatingSystem.IsLinux() && FAllocate(_file, mode, (long)position, (long)length) == 0);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long LSeek(SafeFileHandle file, long offset, int whence);
}
