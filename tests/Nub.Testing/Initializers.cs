using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Nub.Testing;

/// <summary>Initializers of types: one that fails once for want of memory fails for good, so what they allocate is to be tried again.</summary>
public static class Initializers
{
    private static readonly Dictionary<short, OpCode> s_codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(static field => (OpCode)field.GetValue(null)!).ToDictionary(static code => code.Value);

    /// <summary>What the initializers of an assembly's types allocate by themselves, without Once: arrays, and objects that are no delegates.</summary>
    /// <param name="assembly">The assembly.</param>
    /// <returns>A line for each, and how many initializers there are.</returns>
    public static (string[] Allocations, int Count) Of(Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        ConstructorInfo[] all = [.. assembly.GetTypes()
            .Where(static type => !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
            .Select(static type => type.TypeInitializer).OfType<ConstructorInfo>()];
        return ([.. all.SelectMany(Allocations)], all.Length);
    }

    private static IEnumerable<string> Allocations(ConstructorInfo initializer)
    {
        byte[] code = initializer.GetMethodBody()!.GetILAsByteArray()!;
        Type type = initializer.DeclaringType!;
        Type[] arguments = type.GetGenericArguments();
        for (int at = 0; at < code.Length;)
        {
            OpCode operation = code[at] == 0xFE ? s_codes[(short)(code[at] << 8 | code[at + 1])] : s_codes[code[at]];
            at += operation.Size;
            if (operation == OpCodes.Newarr)
            {
                yield return $"{type}: an array";
            }
            else if (operation == OpCodes.Newobj
                && type.Module.ResolveMethod(BitConverter.ToInt32(code, at), arguments, [])!.DeclaringType is { IsValueType: false } made && !made.IsSubclassOf(typeof(Delegate)))
            {
                yield return $"{type}: {made}";
            }

            at += LengthOf(operation.OperandType, code, at);
        }
    }

    private static int LengthOf(OperandType operand, byte[] code, int at) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
        _ => 4,
    };
}
