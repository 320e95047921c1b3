using System.ComponentModel;
using System.Runtime.InteropServices;
using GuestCall.Backends;
using Nub.Memory;

namespace GuestCall.Tests;

/// <summary>
/// The assembled guest as a plain function of this process: the very instructions that a virtual processor runs, without one.
/// </summary>
internal sealed unsafe partial class MachineCodeGuest : IGuest
{
    private const int PageSize = 4096;

    private readonly GuestSharedMemory _memory;
    private readonly void* _code;

    public MachineCodeGuest(GuestSharedMemory memory)
    {
        _memory = memory;
        byte[] program = GuestProgram.Assemble(Completion.Return);
        Assert.InRange(program.Length, 1, PageSize);

        // Writable first and executable then, never both. 2: private; 0x20: anonymous.
        _code = Map(null, PageSize, protection: 1 | 2, flags: 2 | 0x20, -1, 0);
        if (_code == (void*)-1)
        {
            throw new Win32Exception();
        }

        program.CopyTo(new Span<byte>(_code, PageSize));
        if (Protect(_code, PageSize, protection: 1 | 4) != 0)
        {
            throw new Win32Exception();
        }
    }

    public static bool CanRun => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public string Backend => "machine code";

    public string Description => "the assembled guest, called as a function";

    public uint Run()
    {
        using GuestLease lease = _memory.EnterGuest();

        // On Linux the first argument is in rdi, where the guest looks for the memory.
        return ((delegate* unmanaged<nint, uint>)_code)(_memory.BaseAddress);
    }

    public void Dispose() => Unmap(_code, PageSize);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);
}
