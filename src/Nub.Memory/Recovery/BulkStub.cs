using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Nub.Memory;

/// <summary>Which way a <see cref="BulkStub"/> moves bytes.</summary>
internal enum BulkDirection
{
    /// <summary>Out of shared memory.</summary>
    Out,

    /// <summary>Into shared memory.</summary>
    In,

    /// <summary>A pattern of eight equal bytes over shared memory.</summary>
    Fill,
}

/// <summary>
/// The machine code of a copy or fill by wide registers, as <see cref="BulkCopy"/> does it, that ends with 1 in place of 0 when shared
/// bytes have gone: <c>int stub(destination, source or pattern, length)</c> by the calling convention of Linux on x64, with the arguments
/// in rdi, rsi and rdx.
/// </summary>
/// <remarks>
/// Each shared byte is touched by exactly one instruction, from the first to the last. It changes only registers that a callee may
/// change, and the stack not at all, so that the recovery can return from wherever it stopped.
/// </remarks>
internal sealed class BulkStub
{
    private readonly CodeWriter _code;
    private readonly BulkDirection _direction;
    private readonly int _width;
    private readonly bool _touchesSource;
    private readonly bool _touchesDestination;

    private BulkStub(CodeWriter code, BulkDirection direction, int width)
    {
        _code = code;
        _direction = direction;
        _width = width;
        _touchesSource = direction == BulkDirection.Out;
        _touchesDestination = !_touchesSource;
    }

    /// <summary>The widest registers that this processor has and the runtime finds worth using, in bytes.</summary>
    public static int WidestHere =>
        Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && Bmi2.X64.IsSupported ? 64 : Avx2.IsSupported ? 32 : 16;

    /// <summary>Writes the function.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="direction">What it does.</param>
    /// <param name="width">The width of its registers in bytes: 16 (SSE2), 32 (AVX2), or 64 (AVX-512BW and BMI2).</param>
    /// <returns>Its offset.</returns>
    public static int Write(CodeWriter code, BulkDirection direction, int width)
    {
        code.Align();
        int start = code.Position;
        new BulkStub(code, direction, width).Write();
        return start;
    }

    private void Write()
    {
        if (_direction == BulkDirection.Fill)
        {
            Broadcast();
        }

        var small = new Label();
        var blocks = new Label();
        var huge = new Label();
        var rest = new Label();
        if (_width == 64)
        {
            _code.Emit(0x48, 0x83, 0xFA, 0x40); // cmp rdx, 64
            _code.JumpIf(Condition.Below, small);
        }

        // A store across a cache line costs two, so a large destination is aligned first.
        _code.EmitConstant((int)BulkCopy.Aligned, 0x48, 0x81, 0xFA); // cmp rdx, 4096
        _code.JumpIf(Condition.Below, blocks);
        AlignDestination();
        nuint past = _direction == BulkDirection.Fill ? BulkFill.Huge : BulkCopy.Huge;
        _code.EmitConstant((int)past, 0x48, 0x81, 0xFA); // cmp rdx, huge
        _code.JumpIf(Condition.AboveOrEqual, huge);

        _code.Mark(blocks);
        Loop(4, rest, pastCaches: false);
        _code.Mark(rest);
        var tail = new Label();
        Loop(1, tail, pastCaches: false);
        _code.Mark(tail);
        if (_width == 64)
        {
            LastByMask();
        }
        else
        {
            Pieces(largestFirst: true);
        }

        Succeed();

        _code.Mark(small);
        if (_width == 64)
        {
            FirstByMask();
            Succeed();
        }

        // Past the caches, which it would only sweep. A fence orders these stores before those that follow.
        _code.Mark(huge);
        var swept = new Label();
        Loop(4, swept, pastCaches: true);
        _code.Mark(swept);
        _code.Emit(0x0F, 0xAE, 0xF8); // sfence
        _code.Jump(rest);
    }

    private void Broadcast()
    {
        switch (_width)
        {
            case 64:
                _code.Emit(0x62, 0xE2, 0xFD, 0x48, 0x7C, 0xC6); // vpbroadcastq zmm16, rsi
                break;
            case 32:
                _code.Emit(0xC4, 0xE1, 0xF9, 0x6E, 0xC6); // vmovq xmm0, rsi
                _code.Emit(0xC4, 0xE2, 0x7D, 0x59, 0xC0); // vpbroadcastq ymm0, xmm0
                break;
            default:
                _code.Emit(0x66, 0x48, 0x0F, 0x6E, 0xC6); // movq xmm0, rsi
                _code.Emit(0x66, 0x0F, 0x6C, 0xC0); // punpcklqdq xmm0, xmm0
                break;
        }
    }

    /// <summary>Moves blocks of some registers each for as long as there are whole ones, then goes on at <paramref name="end"/>.</summary>
    private void Loop(int registers, Label end, bool pastCaches)
    {
        int block = registers * _width;
        _code.EmitConstant(block, 0x48, 0x81, 0xFA); // cmp rdx, block
        _code.JumpIf(Condition.Below, end);
        _code.Align();
        var again = new Label();
        _code.Mark(again);
        for (int i = 0; i < registers && _direction != BulkDirection.Fill; i++)
        {
            Load(i);
        }

        for (int i = 0; i < registers; i++)
        {
            Store(i, pastCaches);
        }

        if (_direction != BulkDirection.Fill)
        {
            _code.EmitConstant(block, 0x48, 0x81, 0xC6); // add rsi, block
        }

        _code.EmitConstant(block, 0x48, 0x81, 0xC7); // add rdi, block
        _code.EmitConstant(block, 0x48, 0x81, 0xEA); // sub rdx, block
        _code.EmitConstant(block, 0x48, 0x81, 0xFA); // cmp rdx, block
        _code.JumpIf(Condition.AboveOrEqual, again);
    }

    private void Load(int register)
    {
        byte place = (byte)(0x46 | (register << 3)); // register, [rsi + disp8]
        switch (_width)
        {
            case 64:
                _code.Emit(_touchesSource, 0x62, 0xE1, 0x7C, 0x48, 0x10, place, (byte)register); // vmovups zmm16+i, [rsi + 64i]
                break;
            case 32:
                _code.Emit(_touchesSource, 0xC5, 0xFC, 0x10, place, (byte)(32 * register)); // vmovups ymm(i), [rsi + 32i]
                break;
            default:
                _code.Emit(_touchesSource, 0x0F, 0x10, place, (byte)(16 * register)); // movups xmm(i), [rsi + 16i]
                break;
        }
    }

    private void Store(int index, bool pastCaches)
    {
        // Of a fill, always the one register with the pattern.
        int register = _direction == BulkDirection.Fill ? 0 : index;
        byte place = (byte)(0x47 | (register << 3)); // [rdi + disp8], register
        switch (_width, pastCaches)
        {
            case (64, false):
                _code.Emit(_touchesDestination, 0x62, 0xE1, 0x7C, 0x48, 0x11, place, (byte)index); // vmovups [rdi + 64i], zmm
                break;
            case (64, true):
                _code.Emit(_touchesDestination, 0x62, 0xE1, 0x7D, 0x48, 0xE7, place, (byte)index); // vmovntdq [rdi + 64i], zmm
                break;
            case (32, false):
                _code.Emit(_touchesDestination, 0xC5, 0xFC, 0x11, place, (byte)(32 * index)); // vmovups [rdi + 32i], ymm
                break;
            case (32, true):
                _code.Emit(_touchesDestination, 0xC5, 0xFD, 0xE7, place, (byte)(32 * index)); // vmovntdq [rdi + 32i], ymm
                break;
            case (_, false):
                _code.Emit(_touchesDestination, 0x0F, 0x11, place, (byte)(16 * index)); // movups [rdi + 16i], xmm
                break;
            default:
                _code.Emit(_touchesDestination, 0x66, 0x0F, 0xE7, place, (byte)(16 * index)); // movntdq [rdi + 16i], xmm
                break;
        }
    }

    private void AlignDestination()
    {
        var aligned = new Label();
        _code.Emit(0x89, 0xF9); // mov ecx, edi
        _code.Emit(0xF7, 0xD9); // neg ecx
        _code.Emit(0x83, 0xE1, (byte)(_width - 1)); // and ecx, width - 1
        _code.JumpIf(Condition.Equal, aligned);
        _code.Emit(0x48, 0x29, 0xCA); // sub rdx, rcx
        if (_width == 64)
        {
            MaskedMove([0xC4, 0xE2, 0xF0, 0xF5, 0xC0]); // bzhi rax, rax, rcx
            if (_direction != BulkDirection.Fill)
            {
                _code.Emit(0x48, 0x01, 0xCE); // add rsi, rcx
            }

            _code.Emit(0x48, 0x01, 0xCF); // add rdi, rcx
        }
        else
        {
            Pieces(largestFirst: false);
        }

        _code.Mark(aligned);
    }

    /// <summary>Moves fewer bytes than a register has: those whose count has its bits in edx at the end, in ecx before the aligned part.</summary>
    private void Pieces(bool largestFirst)
    {
        byte count = largestFirst ? (byte)0xC2 : (byte)0xC1; // dl or cl
        for (int step = 1; step < _width; step *= 2)
        {
            int size = largestFirst ? _width / 2 / step : step;
            var next = new Label();
            _code.Emit(0xF6, count, (byte)size); // test dl or cl, size
            _code.JumpIf(Condition.Equal, next);
            Piece(size);
            if (_direction != BulkDirection.Fill)
            {
                _code.Emit(0x48, 0x83, 0xC6, (byte)size); // add rsi, size
            }

            _code.Emit(0x48, 0x83, 0xC7, (byte)size); // add rdi, size
            _code.Mark(next);
        }
    }

    private void Piece(int size)
    {
        if (size == 16)
        {
            if (_direction != BulkDirection.Fill)
            {
                _code.Emit(_touchesSource, 0x0F, 0x10, 0x06); // movups xmm0, [rsi]
            }

            _code.Emit(_touchesDestination, 0x0F, 0x11, 0x07); // movups [rdi], xmm0
            return;
        }

        if (_direction == BulkDirection.Fill)
        {
            _code.Emit(true, size switch
            {
                1 => [0x40, 0x88, 0x37], // mov [rdi], sil
                2 => [0x66, 0x89, 0x37], // mov [rdi], si
                4 => [0x89, 0x37], // mov [rdi], esi
                _ => [0x48, 0x89, 0x37], // mov [rdi], rsi
            });
            return;
        }

        _code.Emit(_touchesSource, ScalarStubs.LoadFrom(rsi: true, size));
        _code.Emit(_touchesDestination, ScalarStubs.StoreTo(rsi: false, size));
    }

    /// <summary>Moves all of less than 64 bytes.</summary>
    private void FirstByMask()
    {
        var none = new Label();
        _code.Emit(0x85, 0xD2); // test edx, edx
        _code.JumpIf(Condition.Equal, none);
        MaskedMove([0xC4, 0xE2, 0xE8, 0xF5, 0xC0]); // bzhi rax, rax, rdx
        _code.Mark(none);
    }

    /// <summary>Moves the last bytes of a length of at least 64, by a register that ends where they do: it touches no page behind them.</summary>
    private void LastByMask()
    {
        var none = new Label();
        _code.Emit(0x85, 0xD2); // test edx, edx
        _code.JumpIf(Condition.Equal, none);
        _code.Emit(0x89, 0xD1); // mov ecx, edx
        _code.Emit(0x48, 0xF7, 0xD9); // neg rcx
        _code.Emit(0x48, 0xC7, 0xC0, 0xFF, 0xFF, 0xFF, 0xFF); // mov rax, -1
        _code.Emit(0xC4, 0xE2, 0xF1, 0xF7, 0xC0); // shlx rax, rax, rcx
        _code.Emit(0xC4, 0xE1, 0xFB, 0x92, 0xC8); // kmovq k1, rax
        if (_direction != BulkDirection.Fill)
        {
            _code.Emit(_touchesSource, 0x62, 0xE1, 0x7F, 0xC9, 0x6F, 0x44, 0x16, 0xFF); // vmovdqu8 zmm16{k1}{z}, [rsi + rdx - 64]
        }

        _code.Emit(_touchesDestination, 0x62, 0xE1, 0x7F, 0x49, 0x7F, 0x44, 0x17, 0xFF); // vmovdqu8 [rdi + rdx - 64]{k1}, zmm16
        _code.Mark(none);
    }

    /// <summary>Moves as many bytes as a <c>bzhi</c> leaves bits.</summary>
    private void MaskedMove(ReadOnlySpan<byte> bzhi)
    {
        _code.Emit(0x48, 0xC7, 0xC0, 0xFF, 0xFF, 0xFF, 0xFF); // mov rax, -1
        _code.Emit(bzhi);
        _code.Emit(0xC4, 0xE1, 0xFB, 0x92, 0xC8); // kmovq k1, rax
        if (_direction != BulkDirection.Fill)
        {
            _code.Emit(_touchesSource, 0x62, 0xE1, 0x7F, 0xC9, 0x6F, 0x06); // vmovdqu8 zmm16{k1}{z}, [rsi]
        }

        _code.Emit(_touchesDestination, 0x62, 0xE1, 0x7F, 0x49, 0x7F, 0x07); // vmovdqu8 [rdi]{k1}, zmm16
    }

    private void Succeed()
    {
        // Registers 16 and up need none; a processor that has them only makes the others wait.
        if (_width == 32)
        {
            _code.Emit(0xC5, 0xF8, 0x77); // vzeroupper
        }

        _code.Emit(0x31, 0xC0); // xor eax, eax
        _code.Emit(0xC3); // ret
    }
}
