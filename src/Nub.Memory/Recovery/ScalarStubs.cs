namespace Nub.Memory;

/// <summary>
/// The machine code of single values: each touches shared memory by exactly one instruction. The place is in rdi. A load or store has
/// the private value's address in rsi; an atomic its operand in rsi, its comparand in rdx and the address of its result in rcx.
/// </summary>
internal static class ScalarStubs
{
    /// <summary>Writes <c>int stub(place, value*)</c>, which loads.</summary>
    public static int WriteLoad(CodeWriter code, int size)
    {
        int start = Begin(code);
        code.Touch(LoadFrom(rsi: false, size));
        code.Emit(StoreTo(rsi: true, size));
        return End(code, start);
    }

    /// <summary>Writes <c>int stub(place, value*)</c>, which stores.</summary>
    public static int WriteStore(CodeWriter code, int size)
    {
        int start = Begin(code);
        code.Emit(LoadFrom(rsi: true, size));
        code.Touch(StoreTo(rsi: false, size));
        return End(code, start);
    }

    /// <summary>Writes <c>int stub(place, operand, comparand, result*)</c>.</summary>
    public static int WriteCompareExchange(CodeWriter code, bool isLong)
    {
        int start = Begin(code);
        if (isLong)
        {
            code.Emit(0x48, 0x89, 0xD0); // mov rax, rdx
            code.Touch(0xF0, 0x48, 0x0F, 0xB1, 0x37); // lock cmpxchg [rdi], rsi
        }
        else
        {
            code.Emit(0x89, 0xD0); // mov eax, edx
            code.Touch(0xF0, 0x0F, 0xB1, 0x37); // lock cmpxchg [rdi], esi
        }

        code.Emit(0x48, 0x89, 0x01); // mov [rcx], rax
        return End(code, start);
    }

    /// <inheritdoc cref="WriteCompareExchange"/>
    public static int WriteExchange(CodeWriter code, bool isLong)
    {
        int start = Begin(code);
        if (isLong)
        {
            code.Touch(0x48, 0x87, 0x37); // xchg [rdi], rsi
        }
        else
        {
            code.Touch(0x87, 0x37); // xchg [rdi], esi
        }

        code.Emit(0x48, 0x89, 0x31); // mov [rcx], rsi
        return End(code, start);
    }

    /// <inheritdoc cref="WriteCompareExchange"/>
    public static int WriteAdd(CodeWriter code, bool isLong)
    {
        int start = Begin(code);
        if (isLong)
        {
            code.Emit(0x48, 0x89, 0xF0); // mov rax, rsi
            code.Touch(0xF0, 0x48, 0x0F, 0xC1, 0x37); // lock xadd [rdi], rsi
            code.Emit(0x48, 0x01, 0xF0); // add rax, rsi
        }
        else
        {
            code.Emit(0x89, 0xF0); // mov eax, esi
            code.Touch(0xF0, 0x0F, 0xC1, 0x37); // lock xadd [rdi], esi
            code.Emit(0x01, 0xF0); // add eax, esi
        }

        code.Emit(0x48, 0x89, 0x01); // mov [rcx], rax
        return End(code, start);
    }

    /// <summary>A load of rax from where rsi or rdi says.</summary>
    public static byte[] LoadFrom(bool rsi, int size)
    {
        byte place = rsi ? (byte)0x06 : (byte)0x07;
        return size switch
        {
            1 => [0x0F, 0xB6, place], // movzx eax, byte [..]
            2 => [0x0F, 0xB7, place], // movzx eax, word [..]
            4 => [0x8B, place], // mov eax, [..]
            _ => [0x48, 0x8B, place], // mov rax, [..]
        };
    }

    /// <summary>A store of rax to where rsi or rdi says.</summary>
    public static byte[] StoreTo(bool rsi, int size)
    {
        byte place = rsi ? (byte)0x06 : (byte)0x07;
        return size switch
        {
            1 => [0x88, place], // mov [..], al
            2 => [0x66, 0x89, place], // mov [..], ax
            4 => [0x89, place], // mov [..], eax
            _ => [0x48, 0x89, place], // mov [..], rax
        };
    }

    private static int Begin(CodeWriter code)
    {
        code.Align();
        return code.Position;
    }

    private static int End(CodeWriter code, int start)
    {
        code.Emit(0x31, 0xC0); // xor eax, eax
        code.Emit(0xC3); // ret
        return start;
    }
}
