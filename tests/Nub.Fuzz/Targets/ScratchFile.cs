using Microsoft.Win32.SafeHandles;

namespace Nub.Fuzz.Targets;

/// <summary>A file in memory for what is opened by a path; it goes with the target.</summary>
internal sealed class ScratchFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    public ScratchFile()
    {
        Path = System.IO.Path.Combine(Folder, $"nub-fuzz-{Guid.NewGuid():N}");
        _handle = File.OpenHandle(Path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, FileOptions.DeleteOnClose);
    }

    /// <summary>Where such files are made. In a process that may be killed this is a folder that is removed after it.</summary>
    public static string Folder { get; set; } = Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath();

    public string Path { get; }

    public void Write(ReadOnlySpan<byte> contents)
    {
        RandomAccess.SetLength(_handle, 0);
        RandomAccess.Write(_handle, contents, 0);
        RandomAccess.SetLength(_handle, contents.Length);
    }

    public void Dispose() => _handle.Dispose();
}
