using GuestCall.Protocol;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace GuestCall;

/// <summary>How the guest tells that it is done with a request.</summary>
internal enum Completion
{
    /// <summary>It sends the signal out of <see cref="Signal.Port"/>, and serves the next request when it is resumed.</summary>
    PortOut,

    /// <summary>It returns the signal to its caller: the same program as a plain function, to be tested without a virtual machine.</summary>
    Return,
}

/// <summary>
/// The guest: 64-bit machine code that pops a request, works on it, pushes the answer and signals. It runs without privileges
/// and wherever it is put; <c>rdi</c> holds the address of the shared memory. All it ever uses else are
/// <c>rax rcx rdx rsi r8 r9 r10 r11</c>, which a caller expects to lose, and <c>rbx</c>, which it saves.
/// </summary>
internal sealed class GuestProgram
{
    private const int SmallestRequest = Wire.RequestOverhead;
    private const int PointerSize = sizeof(ulong);

    // What a register holds from the place where it is set to the end.
    private static readonly AssemblerRegister64 s_memory = rdi;
    private static readonly AssemblerRegister64 s_request = r8;
    private static readonly AssemblerRegister64 s_response = r9;
    private static readonly AssemblerRegister64 s_length = r10;

    private readonly Assembler _asm = new(64);
    private readonly Completion _completion;
    private Label _refuse;
    private Label _done;

    private GuestProgram(Completion completion)
    {
        _completion = completion;
        _refuse = _asm.CreateLabel("refuse");
        _done = _asm.CreateLabel("done");
    }

    /// <summary>Assembles the guest.</summary>
    public static byte[] Assemble(Completion completion)
    {
        var program = new GuestProgram(completion);
        program.Emit();

        // All jumps are relative, so the code is the same for any address.
        using var code = new MemoryStream();
        program._asm.Assemble(new StreamCodeWriter(code), rip: (ulong)GuestMap.Code.Offset);
        return code.ToArray();
    }

    private void Emit()
    {
        Label serve = _asm.CreateLabel("serve");
        Label signal = _asm.CreateLabel("signal");

        _asm.Label(ref serve);
        FindRequest();
        JudgeRequest();
        FindRoomForResponse();
        WriteResponseHeader();
        WorkOnPayload();
        PushResponse();
        PopRequest();
        foreach (Attack attack in Attack.All)
        {
            Sabotage(attack);
        }

        _asm.Label(ref _done);
        _asm.inc(Status(GuestStatus.Layout.AnsweredOffset));
        _asm.add(Status(GuestStatus.Layout.PayloadBytesOffset), s_length);
        _asm.mov(eax, Signal.Answered);
        _asm.jmp(signal);

        _asm.Label(ref _refuse);
        _asm.inc(Status(GuestStatus.Layout.RefusedOffset));
        _asm.mov(eax, Signal.Refused);

        _asm.Label(ref signal);
        if (_completion == Completion.Return)
        {
            _asm.ret();
            return;
        }

        _asm.mov(edx, Signal.Port);
        _asm.@out(dx, eax);
        _asm.jmp(serve);
    }

    /// <summary>Finds the top of the input buffer, as careful with the host's numbers as the host is with the guest's.</summary>
    private void FindRequest()
    {
        _asm.mov(rsi, __qword_ptr[s_memory + GuestMap.Input.Offset]);
        _asm.cmp(rsi, PointerSize + SmallestRequest + PointerSize);
        _asm.jb(_refuse);
        _asm.cmp(rsi, GuestMap.Input.Size);
        _asm.ja(_refuse);

        _asm.mov(s_request, __qword_ptr[s_memory + rsi + (GuestMap.Input.Offset - PointerSize)]);
        _asm.cmp(s_request, PointerSize);
        _asm.jb(_refuse);
        _asm.lea(rax, __[rsi - (SmallestRequest + PointerSize)]);
        _asm.cmp(s_request, rax);
        _asm.ja(_refuse);

        // rsi: the bytes of the element.
        _asm.sub(rsi, PointerSize);
        _asm.sub(rsi, s_request);
        _asm.lea(s_request, __[s_memory + s_request + GuestMap.Input.Offset]);
    }

    /// <summary>Refuses what is no request: a prefix or a payload length that does not fit, unknown flags, an unknown kind.</summary>
    private void JudgeRequest()
    {
        // In 64 bits, so that a prefix near 2^32 does not wrap.
        _asm.mov(eax, __dword_ptr[s_request]);
        _asm.add(rax, Wire.PrefixSize);
        _asm.cmp(rax, rsi);
        _asm.ja(_refuse);

        _asm.mov(r10d, __dword_ptr[Request(RequestHeader.Layout.PayloadLengthOffset)]);
        _asm.lea(rcx, __[s_length + Wire.RequestOverhead]);
        _asm.cmp(rcx, rax);
        _asm.jne(_refuse);

        _asm.test(__byte_ptr[Request(RequestHeader.Layout.FlagsOffset)], unchecked((sbyte)~RequestHeader.Reverse));
        _asm.jne(_refuse);
        _asm.cmp(__word_ptr[Request(RequestHeader.Layout.KindOffset)], Attack.All[^1].Kind);
        _asm.ja(_refuse);
    }

    private void FindRoomForResponse()
    {
        _asm.mov(rdx, __qword_ptr[s_memory + GuestMap.Output.Offset]);
        _asm.cmp(rdx, PointerSize);
        _asm.jb(_refuse);
        _asm.cmp(rdx, GuestMap.Output.Size);
        _asm.ja(_refuse);
        _asm.lea(rax, __[rdx + s_length + (Wire.ResponseOverhead + PointerSize)]);
        _asm.cmp(rax, GuestMap.Output.Size);
        _asm.ja(_refuse);
        _asm.lea(s_response, __[s_memory + rdx + GuestMap.Output.Offset]);
    }

    /// <summary>The length prefix, and the request's header as it was.</summary>
    private void WriteResponseHeader()
    {
        _asm.lea(eax, __[s_length + ResponseHeader.Layout.Size]);
        _asm.mov(__dword_ptr[s_response], eax);
        for (int offset = 0; offset < RequestHeader.Layout.Size; offset += sizeof(ulong))
        {
            _asm.mov(rax, __qword_ptr[Request(offset)]);
            _asm.mov(__qword_ptr[Response(ResponseHeader.Layout.RequestOffset + offset)], rax);
        }
    }

    /// <summary>One pass: checksum each byte as it was, and put it transformed where it belongs (<see cref="Work"/>).</summary>
    private void WorkOnPayload()
    {
        Label forward = _asm.CreateLabel("forward");
        Label loop = _asm.CreateLabel("loop");
        Label end = _asm.CreateLabel("end");
        AssemblerRegister64 checksum = rax, prime = r11, index = rcx, destination = rsi, step = rbx;

        _asm.push(step);
        _asm.mov(checksum, Work.ChecksumBasis);
        _asm.mov(prime, Work.ChecksumPrime);
        _asm.xor(ecx, ecx);

        _asm.lea(destination, __[s_response + Wire.ResponseOverhead]);
        _asm.mov(step, 1);
        _asm.test(__byte_ptr[Request(RequestHeader.Layout.FlagsOffset)], (sbyte)RequestHeader.Reverse);
        _asm.je(forward);
        _asm.lea(destination, __[destination + s_length - 1]);
        _asm.neg(step);
        _asm.Label(ref forward);

        _asm.test(s_length, s_length);
        _asm.je(end);
        _asm.Label(ref loop);
        _asm.movzx(edx, __byte_ptr[s_request + index + Wire.RequestOverhead]);
        _asm.xor(al, dl);
        _asm.imul(checksum, prime);
        _asm.xor(dl, __byte_ptr[Request(RequestHeader.Layout.KeyOffset)]);

        // A byte rotates by the count modulo 8, so the index serves as it is.
        _asm.rol(dl, cl);
        _asm.mov(__byte_ptr[destination], dl);
        _asm.add(destination, step);
        _asm.inc(index);
        _asm.cmp(index, s_length);
        _asm.jb(loop);
        _asm.Label(ref end);

        _asm.mov(__qword_ptr[Response(ResponseHeader.Layout.ChecksumOffset)], checksum);
        _asm.pop(step);
    }

    /// <summary>The old stack pointer goes above the answer, the new one above that. Leaves the new one in <c>rdx</c>.</summary>
    private void PushResponse()
    {
        _asm.mov(rdx, s_response);
        _asm.sub(rdx, s_memory);
        _asm.sub(rdx, GuestMap.Output.Offset);
        _asm.mov(BackPointer, rdx);
        _asm.lea(rdx, __[rdx + s_length + (Wire.ResponseOverhead + PointerSize)]);
        _asm.mov(__qword_ptr[s_memory + GuestMap.Output.Offset], rdx);
    }

    private void PopRequest()
    {
        _asm.movzx(ecx, __word_ptr[Request(RequestHeader.Layout.KindOffset)]);
        _asm.mov(rax, s_request);
        _asm.sub(rax, s_memory);
        _asm.sub(rax, GuestMap.Input.Offset);
        _asm.mov(__qword_ptr[s_memory + GuestMap.Input.Offset], rax);
    }

    /// <summary>If <c>ecx</c>, the request's kind, asks for it: overwrites one number with another.</summary>
    private void Sabotage(Attack attack)
    {
        Label next = _asm.CreateLabel($"after attack {attack.Kind}");
        _asm.cmp(ecx, attack.Kind);
        _asm.jne(next);

        switch (attack.Anchor)
        {
            case Anchor.StackPointer:
                _asm.lea(rax, __[rdx + attack.Delta]);
                break;
            case Anchor.ElementLength:
                _asm.lea(rax, __[s_length + (Wire.ResponseOverhead + attack.Delta)]);
                break;
            default:
                _asm.mov(rax, attack.Forge(stackPointer: 0, elementLength: 0));
                break;
        }

        switch (attack.Target)
        {
            case Target.OutputStackPointer:
                _asm.mov(__qword_ptr[s_memory + GuestMap.Output.Offset], rax);
                break;
            case Target.BackPointer:
                _asm.mov(BackPointer, rax);
                break;
            case Target.SizePrefix:
                _asm.mov(__dword_ptr[s_response], eax);
                break;
            case Target.PayloadLength:
                _asm.mov(__dword_ptr[Response(ResponseHeader.Layout.RequestOffset + RequestHeader.Layout.PayloadLengthOffset)], eax);
                break;
            case Target.InputStackPointer:
                _asm.mov(__qword_ptr[s_memory + GuestMap.Input.Offset], rax);
                break;
        }

        _asm.jmp(_done);
        _asm.Label(ref next);

        // The assembler takes one label an instruction, and whatever comes next may have its own.
        _asm.nop();
    }

    private static AssemblerMemoryOperand BackPointer => __qword_ptr[s_response + s_length + Wire.ResponseOverhead];

    private static AssemblerMemoryOperand Status(int offset) => __qword_ptr[s_memory + (GuestMap.Status.Offset + offset)];

    private static AssemblerMemoryOperand Request(int offset) => s_request + (Wire.PrefixSize + offset);

    private static AssemblerMemoryOperand Response(int offset) => s_response + (Wire.PrefixSize + offset);
}
