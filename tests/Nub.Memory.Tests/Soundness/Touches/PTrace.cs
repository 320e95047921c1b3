using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Nub.Memory.Tests.Soundness.Touches;

/// <summary>The registers of a stopped x64 thread: <c>struct user_regs_struct</c> of <c>sys/user.h</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Registers
{
    public ulong R15, R14, R13, R12, Rbp, Rbx, R11, R10, R9, R8, Rax, Rcx, Rdx, Rsi, Rdi, OrigRax, Rip, Cs, Eflags, Rsp, Ss;
    public ulong FsBase, GsBase, Ds, Es, Fs, Gs;
}

/// <summary>
/// One thread of another process, held by ptrace(2). All calls come from the thread that took hold of it, as the kernel asks for.
/// </summary>
internal sealed unsafe partial class PTrace
{
    public const int SigTrap = 5;
    public const int SigUsr2 = 12;
    public const int SigSegv = 11;

    private const int GetRegs = 12, SetRegs = 13, Continue = 7, Step = 9, DetachFrom = 17;
    private const int GetSigInfo = 0x4202, GetRegSet = 0x4204, Seize = 0x4206;
    private const nint ExitKill = 0x100000;
    private const int AllChildren = 0x40000000;
    private const nint XState = 0x202;

    private readonly int _thread;
    private readonly byte[] _extended = new byte[16 << 10];

    private PTrace(int thread) => _thread = thread;

    /// <summary>Takes hold of a thread, which runs on. It is killed when this process ends first.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public static PTrace SeizeThread(int thread)
    {
        var trace = new PTrace(thread);
        trace.Call(Seize, 0, ExitKill);
        return trace;
    }

    /// <summary>Waits until the thread stops.</summary>
    /// <returns>The signal that it stopped for.</returns>
    /// <exception cref="InvalidOperationException">It ended.</exception>
    public int WaitForStop()
    {
        int status;
        while (WaitPid(_thread, &status, AllChildren) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != 4)
            {
                throw new Win32Exception(error);
            }
        }

        return (status & 0xFF) == 0x7F ? (status >> 8) & 0xFF : throw new InvalidOperationException($"The traced thread ended with status 0x{status:X}.");
    }

    public void Run(int signal = 0) => Call(Continue, 0, signal);

    public void RunOneInstruction() => Call(Step, 0, 0);

    public void Detach() => Call(DetachFrom, 0, 0);

    public Registers Get()
    {
        Registers registers;
        Call(GetRegs, 0, (nint)(&registers));
        return registers;
    }

    public void Set(Registers registers) => Call(SetRegs, 0, (nint)(&registers));

    /// <summary>The address whose access was refused (<c>si_addr</c> of <c>siginfo_t</c>).</summary>
    public ulong FaultAddress()
    {
        ulong* info = stackalloc ulong[16];
        Call(GetSigInfo, 0, (nint)info);
        return info[2];
    }

    /// <summary>The registers that XSAVE saves, in its standard form (Intel's manual, volume 1, section 13.4).</summary>
    public ReadOnlySpan<byte> GetExtended()
    {
        fixed (byte* buffer = _extended)
        {
            nint* vector = stackalloc nint[2];
            vector[0] = (nint)buffer;
            vector[1] = _extended.Length;
            Call(GetRegSet, XState, (nint)vector);
            return _extended.AsSpan(0, (int)vector[1]);
        }
    }

    private void Call(int request, nint address, nint data)
    {
        if (PTraceCall(request, _thread, address, data) < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"ptrace request {request}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
    }

    [LibraryImport("libc", EntryPoint = "ptrace", SetLastError = true)]
    private static partial long PTraceCall(long request, int pid, nint address, nint data);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int pid, int* status, int options);
}
