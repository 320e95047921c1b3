using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Nub.Ipc.Child;
using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>A ring in memory that other processes can open, a ledger behind it, and ways to start and kill such processes.</summary>
internal sealed class SharedFile : IDisposable
{
    private readonly GuestSharedMemory _guest;
    private readonly SafeHandle _handle;

    public SharedFile(ulong ringSize)
    {
        RingSize = ringSize;
        Size = (ringSize + 128 + 4095) & ~4095UL;
        (Host, _guest) = ExclusiveSharedMemory.CreateShareable(Size).Build();
        _handle = Host.DuplicateHandle();
        Ring = SharedRing.Create(Host, 0, ringSize);
        Work = new Work(Host, ringSize);
    }

    public HostSharedMemory Host { get; }

    public SharedRing Ring { get; }

    public Work Work { get; }

    public ulong RingSize { get; }

    public ulong Size { get; }

    /// <summary>Where the program of a child finds the memory.</summary>
    private string Path => $"/proc/{Environment.ProcessId}/fd/{_handle.DangerousGetHandle()}";

    public Process Start(string what, ulong number) => Start(what, Path, Size, RingSize, number);

    public static Process Start(string what, string path, ulong size, ulong ringSize, ulong number) =>
        Process.Start(ChildProcess.Beside("Nub.Ipc.Child", what, path, size.ToString(CultureInfo.InvariantCulture),
            ringSize.ToString(CultureInfo.InvariantCulture), number.ToString(CultureInfo.InvariantCulture)))!;

    /// <summary>Ends a process as kill -9 does, and tells whether it was still well.</summary>
    public static async Task<string> KillAsync(Process process)
    {
        process.Kill();
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.Dispose();
        return errors;
    }

    public void Dispose()
    {
        Ring.Dispose();
        _handle.Dispose();
        Host.Dispose();
        _guest.Dispose();
    }
}
