using System.Buffers.Binary;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;

namespace Nub.Memory.Tests.Soundness.Touches;

/// <summary>One touch of memory by one instruction, or by one turn of a repeated one.</summary>
/// <param name="Address">The first byte.</param>
/// <param name="Length">How many bytes.</param>
/// <param name="Mask">Which of the bytes; all where it is 0.</param>
/// <param name="Reads">Whether they are read.</param>
/// <param name="Writes">Whether they are written.</param>
internal readonly record struct Touch(ulong Address, int Length, ulong Mask, bool Reads, bool Writes);

/// <summary>Tells which bytes an instruction is about to touch, from its code and the registers.</summary>
internal sealed class TouchDecoder
{
    // Where XSAVE keeps k0 to k7: component 5 of its standard form.
    private static readonly int s_masksAt = X86Base.IsSupported ? X86Base.CpuId(0xD, 5).Ebx : 0;

    private readonly InstructionInfoFactory _factory = new();

    /// <summary>The touches of the instruction, and its text for a report.</summary>
    public (List<Touch> Touches, string Text) Decode(byte[] code, Registers registers, Func<ReadOnlySpan<byte>> extended)
    {
        Instruction instruction = Decoder.Create(64, new ByteArrayCodeReader(code), registers.Rip).Decode();
        string text = instruction.ToString();
        var touches = new List<Touch>();
        foreach (UsedMemory memory in _factory.GetInfo(in instruction).GetUsedMemory())
        {
            if (!memory.TryGetVirtualAddress(0, out ulong address, (Register register, int _, int _, out ulong value) => ValueOf(register, in registers, out value)))
            {
                throw new NotSupportedException($"The address of {text} cannot be told.");
            }

            (bool reads, bool writes) = memory.Access switch
            {
                OpAccess.Read => (true, false),
                OpAccess.Write => (false, true),
                OpAccess.ReadWrite or OpAccess.ReadCondWrite => (true, true),
                OpAccess.CondRead when instruction.HasOpMask || instruction.HasRepPrefix || instruction.HasRepnePrefix => (true, false),
                OpAccess.CondWrite when instruction.HasOpMask || instruction.HasRepPrefix || instruction.HasRepnePrefix => (false, true),
                OpAccess.NoMemAccess => (false, false),
                _ => throw new NotSupportedException($"What {text} touches cannot be told."),
            };
            touches.Add(new Touch(address, memory.MemorySize.GetSize(), MaskOf(in instruction, memory.MemorySize, extended), reads, writes));
        }

        return (touches, text);
    }

    private static ulong MaskOf(in Instruction instruction, MemorySize size, Func<ReadOnlySpan<byte>> extended)
    {
        if (!instruction.HasOpMask)
        {
            return 0;
        }

        int element = size.GetElementSize();
        int at = s_masksAt + (8 * (instruction.OpMask - Register.K0));
        ulong mask = BinaryPrimitives.ReadUInt64LittleEndian(extended()[at..]);
        ulong bytes = 0;
        for (int i = 0; i < size.GetSize() / element; i++)
        {
            if ((mask >> i & 1) != 0)
            {
                bytes |= (element == 64 ? ulong.MaxValue : (1UL << element) - 1) << (i * element);
            }
        }

        // A mask of no byte touches nothing, which 0 does not say.
        return bytes != 0 ? bytes : throw new NotSupportedException("A masked instruction that touches nothing faulted.");
    }

    private static bool ValueOf(Register register, in Registers registers, out ulong value)
    {
        value = register.GetFullRegister() switch
        {
            Register.RAX => registers.Rax,
            Register.RBX => registers.Rbx,
            Register.RCX => registers.Rcx,
            Register.RDX => registers.Rdx,
            Register.RSI => registers.Rsi,
            Register.RDI => registers.Rdi,
            Register.RBP => registers.Rbp,
            Register.RSP => registers.Rsp,
            Register.R8 => registers.R8,
            Register.R9 => registers.R9,
            Register.R10 => registers.R10,
            Register.R11 => registers.R11,
            Register.R12 => registers.R12,
            Register.R13 => registers.R13,
            Register.R14 => registers.R14,
            Register.R15 => registers.R15,
            Register.FS => registers.FsBase,
            Register.GS => registers.GsBase,
            Register.RIP => registers.Rip,
            _ => 0,
        };
        return true;
    }
}
