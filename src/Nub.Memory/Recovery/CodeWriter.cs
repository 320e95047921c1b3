using System.Buffers.Binary;

namespace Nub.Memory;

/// <summary>
/// Writes x64 machine code, and notes which of its instructions may fault: those that touch shared memory. A fault of any other
/// instruction is a fault like any other.
/// </summary>
/// <remarks>Addresses are offsets from the start of the code until it is mapped; all references are relative to the instruction.</remarks>
internal sealed class CodeWriter
{
    private readonly List<byte> _code = [];
    private readonly List<int> _touches = [];
    private readonly List<(int Offset, Label Target)> _jumps = [];

    /// <summary>Where the next instruction goes.</summary>
    public int Position => _code.Count;

    /// <summary>The offsets of the instructions that touch shared memory.</summary>
    public IReadOnlyList<int> Touches => _touches;

    /// <summary>Writes an instruction.</summary>
    public void Emit(params ReadOnlySpan<byte> instruction) => _code.AddRange(instruction);

    /// <summary>Writes an instruction that touches shared memory.</summary>
    public void Touch(params ReadOnlySpan<byte> instruction)
    {
        _touches.Add(Position);
        _code.AddRange(instruction);
    }

    /// <summary>Writes an instruction that touches shared memory, or the private side of a copy.</summary>
    public void Emit(bool touches, params ReadOnlySpan<byte> instruction)
    {
        if (touches)
        {
            _touches.Add(Position);
        }

        _code.AddRange(instruction);
    }

    /// <summary>Writes an instruction that ends with the distance of a place from the instruction's end.</summary>
    public void EmitRelative(int place, params ReadOnlySpan<byte> opcode)
    {
        _code.AddRange(opcode);
        EmitInt32(place - (Position + sizeof(int)));
    }

    /// <summary>Writes an instruction that ends with a constant of 32 bits.</summary>
    public void EmitConstant(int value, params ReadOnlySpan<byte> opcode)
    {
        _code.AddRange(opcode);
        EmitInt32(value);
    }

    /// <summary>Jumps, if the condition holds.</summary>
    public void JumpIf(Condition condition, Label target)
    {
        Emit(0x0F, (byte)condition);
        _jumps.Add((Position, target));
        EmitInt32(0);
    }

    /// <summary>Jumps.</summary>
    public void Jump(Label target)
    {
        Emit(0xE9);
        _jumps.Add((Position, target));
        EmitInt32(0);
    }

    /// <summary>Says that a label is here.</summary>
    public void Mark(Label label) => label.Position = Position;

    /// <summary>Fills up to a multiple of 16 bytes, where a function or a loop begins.</summary>
    public void Align()
    {
        while (Position % 16 != 0)
        {
            Emit(0x90); // nop
        }
    }

    /// <summary>The finished code.</summary>
    public byte[] ToArray()
    {
        byte[] code = [.. _code];
        foreach ((int offset, Label target) in _jumps)
        {
            BinaryPrimitives.WriteInt32LittleEndian(code.AsSpan(offset), target.Position - (offset + sizeof(int)));
        }

        return code;
    }

    private void EmitInt32(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _code.AddRange(bytes);
    }
}

/// <summary>A place to jump to.</summary>
internal sealed class Label
{
    /// <summary>Its offset from the start of the code.</summary>
    public int Position { get; set; }
}

/// <summary>The conditions of a near jump: the second byte of its opcode.</summary>
internal enum Condition : byte
{
    Below = 0x82,
    AboveOrEqual = 0x83,
    Equal = 0x84,
    NotEqual = 0x85,
    Above = 0x87,
    LessOrEqual = 0x8E,
    Greater = 0x8F,
}
