using System.Runtime.Intrinsics.X86;

namespace Nub.Memory;

/// <summary>
/// The machine code of the surviving path: the functions that touch shared memory, the place where they go on when it has gone, and the
/// two signal handlers that send them there. It is position-independent, and finds its data a page behind its start.
/// </summary>
/// <remarks>
/// A fault is recovered only if the kernel raised it (<c>si_code</c> is positive, sigaction(2)) on an instruction that is listed in
/// <see cref="Touches"/>. All others go to the handler that was there before.
/// </remarks>
internal sealed class RecoveryCode
{
    /// <summary>Where the data are, from the start of the code; its first part has a bit for each byte of the code, set where a listed instruction begins.</summary>
    public const int DataOffset = 4096;

    /// <summary>Where the data have the address of the earlier handler of SIGSEGV.</summary>
    public const int EarlierSegmentationFault = DataOffset + (DataOffset / 8);

    /// <summary>Where the data have the address of the earlier handler of SIGBUS.</summary>
    public const int EarlierBusError = EarlierSegmentationFault + 8;

    // Four words of zeroes, the kernel's struct sigaction for the default action.
    private const int DefaultAction = EarlierBusError + 8;

    // Where the kernel tells the handler about the fault: RIP in ucontext_t (uc_mcontext at 40, gregs[16]), si_code in siginfo_t.
    private const int Rip = 0xA8;

    private readonly CodeWriter _code = new();

    public RecoveryCode(int width)
    {
        for (int i = 0; i < 4; i++)
        {
            Load[i] = ScalarStubs.WriteLoad(_code, 1 << i);
            Store[i] = ScalarStubs.WriteStore(_code, 1 << i);
        }

        for (int i = 0; i < 2; i++)
        {
            CompareExchange[i] = ScalarStubs.WriteCompareExchange(_code, i == 1);
            Exchange[i] = ScalarStubs.WriteExchange(_code, i == 1);
            Add[i] = ScalarStubs.WriteAdd(_code, i == 1);
        }

        CopyOut = BulkStub.Write(_code, BulkDirection.Out, width);
        CopyIn = BulkStub.Write(_code, BulkDirection.In, width);
        Fill = BulkStub.Write(_code, BulkDirection.Fill, width);
        _code.Align();
        int recovery = _code.Position;
        WriteRecovery();
        SegmentationFault = WriteHandler(recovery, EarlierSegmentationFault);
        BusError = WriteHandler(recovery, EarlierBusError);
        Bytes = _code.ToArray();
    }

    /// <summary>The code.</summary>
    public byte[] Bytes { get; }

    /// <summary>The offsets of the instructions whose fault is recovered.</summary>
    public IReadOnlyList<int> Touches => _code.Touches;

    /// <summary>The functions that load 1, 2, 4 and 8 bytes.</summary>
    public int[] Load { get; } = new int[4];

    /// <summary>The functions that store 1, 2, 4 and 8 bytes.</summary>
    public int[] Store { get; } = new int[4];

    /// <summary>The atomics of 4 and of 8 bytes.</summary>
    public int[] CompareExchange { get; } = new int[2];

    /// <inheritdoc cref="CompareExchange"/>
    public int[] Exchange { get; } = new int[2];

    /// <inheritdoc cref="CompareExchange"/>
    public int[] Add { get; } = new int[2];

    public int CopyOut { get; }

    public int CopyIn { get; }

    public int Fill { get; }

    /// <summary>The handler of SIGSEGV.</summary>
    public int SegmentationFault { get; }

    /// <summary>The handler of SIGBUS.</summary>
    public int BusError { get; }

    /// <summary>Where a function goes on when shared bytes have gone: it returns 1 to the function's caller.</summary>
    private void WriteRecovery()
    {
        _code.Emit(0x0F, 0xAE, 0xF8); // sfence, for what was stored past the caches
        if (Avx.IsSupported)
        {
            _code.Emit(0xC5, 0xF8, 0x77); // vzeroupper
        }

        _code.EmitConstant(1, 0xB8); // mov eax, 1
        _code.Emit(0xC3); // ret
    }

    /// <summary>Writes <c>void handler(int signal, siginfo_t*, ucontext_t*)</c>, with the arguments in edi, rsi and rdx.</summary>
    private int WriteHandler(int recovery, int earlier)
    {
        _code.Align();
        int start = _code.Position;
        var chain = new Label();
        _code.EmitConstant(Rip, 0x48, 0x8B, 0x82); // mov rax, [rdx + RIP]
        _code.EmitRelative(0, 0x48, 0x8D, 0x0D); // lea rcx, [the code's start]
        _code.Emit(0x48, 0x29, 0xC8); // sub rax, rcx
        _code.EmitConstant(recovery, 0x48, 0x3D); // cmp rax, recovery: all the functions are before it
        _code.JumpIf(Condition.AboveOrEqual, chain);
        _code.Emit(0x83, 0x7E, 0x08, 0x00); // cmp dword [rsi + si_code], 0
        _code.JumpIf(Condition.LessOrEqual, chain);
        _code.EmitRelative(DataOffset, 0x0F, 0xA3, 0x05); // bt [the list], eax
        _code.JumpIf(Condition.AboveOrEqual, chain); // no carry: not listed
        _code.EmitRelative(recovery, 0x48, 0x8D, 0x0D); // lea rcx, [recovery]
        _code.EmitConstant(Rip, 0x48, 0x89, 0x8A); // mov [rdx + RIP], rcx
        _code.Emit(0xC3); // ret

        _code.Mark(chain);
        var ignored = new Label();
        var byDefault = new Label();
        _code.EmitRelative(earlier, 0x48, 0x8B, 0x05); // mov rax, [the earlier handler]
        _code.Emit(0x48, 0x83, 0xF8, 0x01); // cmp rax, SIG_IGN
        _code.JumpIf(Condition.Equal, ignored);
        _code.JumpIf(Condition.Below, byDefault);
        _code.Emit(0xFF, 0xE0); // jmp rax, which finds its arguments as the kernel gave them

        // A thread cannot ignore a fault of its own (signal(7)); a signal that was sent is ignored as before.
        _code.Mark(ignored);
        var end = new Label();
        _code.Emit(0x83, 0x7E, 0x08, 0x00); // cmp dword [rsi + si_code], 0
        _code.JumpIf(Condition.LessOrEqual, end);

        _code.Mark(byDefault);
        WriteDefault();
        _code.Mark(end);
        _code.Emit(0xC3); // ret
        return start;
    }

    /// <summary>Ends the process as the default action does: by the fault itself, which comes again, or by the same signal sent again.</summary>
    private void WriteDefault()
    {
        var again = new Label();
        _code.Emit(0x49, 0x89, 0xF0); // mov r8, rsi
        _code.Emit(0x41, 0x89, 0xF9); // mov r9d, edi
        _code.EmitConstant(13, 0xB8); // mov eax, rt_sigaction
        _code.EmitRelative(DefaultAction, 0x48, 0x8D, 0x35); // lea rsi, [the default action]
        _code.Emit(0x31, 0xD2); // xor edx, edx
        _code.EmitConstant(8, 0x41, 0xBA); // mov r10d, 8: the kernel's sigset_t in bytes
        _code.Emit(0x0F, 0x05); // syscall
        _code.Emit(0x41, 0x83, 0x78, 0x08, 0x00); // cmp dword [r8 + si_code], 0
        _code.JumpIf(Condition.Greater, again);
        _code.EmitConstant(39, 0xB8); // mov eax, getpid
        _code.Emit(0x0F, 0x05); // syscall
        _code.Emit(0x89, 0xC7); // mov edi, eax
        _code.EmitConstant(186, 0xB8); // mov eax, gettid
        _code.Emit(0x0F, 0x05); // syscall
        _code.Emit(0x89, 0xC6); // mov esi, eax
        _code.Emit(0x44, 0x89, 0xCA); // mov edx, r9d
        _code.EmitConstant(234, 0xB8); // mov eax, tgkill
        _code.Emit(0x0F, 0x05); // syscall
        _code.Mark(again);
    }
}
