using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Nub.Memory.Tests.Soundness;

/// <summary>
/// What no analyzer sees: types that reflection puts where only AllValid ones may stand. Whatever wraps a type that is not AllValid, the
/// check at run time refuses it before a byte is touched.
/// </summary>
[Trait("Kind", "slow")]
public class ReflectedTypeTests
{
    /// <summary>Types whose bytes may be no legal value, bare and in every kind of wrapper.</summary>
    public static TheoryData<Type> Refused
    {
        get
        {
            Type[] bare =
            [
                typeof(bool), typeof(decimal), typeof(DateTime), typeof(Guid), typeof(DayOfWeek), typeof(nint), typeof(nuint), typeof(Rune32),
                typeof(int?), typeof(Legal?), typeof(LegalBig?), typeof(bool?), typeof(Checked), typeof(Checked?), typeof(Plain), typeof(Generic<int>),
                typeof(Generic<Legal>), typeof(Generic<bool>), typeof(ValueTuple<int>), typeof((Legal, Legal)), typeof(KeyValuePair<int, bool>),
                typeof(KeyValuePair<Legal, Legal>), typeof(Vector128<bool>), typeof(Vector128<nint>), typeof(Index), typeof(TimeSpan), typeof(DateOnly),
                typeof(RuntimeTypeHandle?), typeof(OneLegal?),
            ];
            Type[] wrappers = [typeof(Two<>), typeof(Generic<>), typeof(InInline<>)];
            var types = new HashSet<Type>();
            foreach (Type type in bare.Where(IsUnmanaged))
            {
                types.Add(type);
                foreach (Type wrapper in wrappers)
                {
                    types.Add(wrapper.MakeGenericType(type));
                    types.Add(typeof(Two<>).MakeGenericType(wrapper.MakeGenericType(type)));
                }

                if (Nullable.GetUnderlyingType(type) is null)
                {
                    types.Add(typeof(Two<>).MakeGenericType(typeof(Nullable<>).MakeGenericType(type)));
                }
            }

            types.Add(typeof(Two<>).MakeGenericType(typeof(Two<int>?)));
            types.Add(typeof(TwoOfNullable));

            // Of legal elements, and with a Validate of its own.
            types.Add(typeof(CheckedArray));
            types.Add(typeof(Two<CheckedArray>));

            // Five bytes and three that no field has, twice.
            types.Add(typeof(Two<Five>));
            types.Add(typeof(Two<Two<Five>>));
            types.Add(typeof(TwoOfNullableBig));
            return [.. types];
        }
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_type_that_is_not_AllValid_is_refused_however_it_is_wrapped(Type type)
    {
        using var pair = new Pair();
        pair.Host.Fill(0, pair.Size, 2);
        foreach (string name in (string[])["Read", "TryRead", "Write", "TryWrite"])
        {
            object?[] arguments = name switch
            {
                "Read" => [0UL],
                "TryRead" => [0UL, null],
                _ => [0UL, RuntimeHelpers.GetUninitializedObject(type)],
            };
            Exception? thrown = Thrown(pair.Host, name, type, arguments);
            Assert.True(thrown is NotAllValidException or ArgumentException, $"{name}<{type}>: {thrown?.GetType().Name ?? "done"}");
        }

        foreach (string name in (string[])["Exchange", "Add", "CompareExchange"])
        {
            object zero = RuntimeHelpers.GetUninitializedObject(type);
            object?[] arguments = name == "CompareExchange" ? [0UL, zero, zero] : [0UL, zero];
            Exception? thrown = Thrown(pair.Host, name, type, arguments);
            Assert.True(thrown is NotAllValidException or ArgumentException, $"{name}<{type}>: {thrown?.GetType().Name ?? "done"}");
        }

        Assert.All(pair.Contents(), value => Assert.Equal(2, value));
    }

    /// <summary>The other side: the same ways let through what is AllValid, or the test above would prove nothing.</summary>
    [Theory]
    [InlineData(typeof(int))]
    [InlineData(typeof(Int128))]
    [InlineData(typeof(Legal))]
    [InlineData(typeof(LegalBig))]
    [InlineData(typeof(Five))]
    [InlineData(typeof(Two<int>))]
    [InlineData(typeof(Two<Legal>))]
    [InlineData(typeof(Two<Two<LegalBig>>))]
    public void A_type_that_is_AllValid_is_read_by_reflection(Type type)
    {
        using var pair = new Pair();
        Assert.Null(Thrown(pair.Host, "Read", type, [0UL]));
        Assert.Null(Thrown(pair.Host, "TryRead", type, [0UL, null]));
        Assert.Null(Thrown(pair.Host, "Write", type, [0UL, RuntimeHelpers.GetUninitializedObject(type)]));
    }

    private static Exception? Thrown(HostSharedMemory host, string name, Type type, object?[] arguments)
    {
        MethodInfo method = typeof(HostSharedMemory).GetMethods().Single(method => method.Name == name && method.IsGenericMethod
            && method.GetParameters().Length == arguments.Length);
        try
        {
            method.MakeGenericMethod(type).Invoke(host, arguments);
            return null;
        }
        catch (TargetInvocationException exception)
        {
            return exception.InnerException;
        }
        catch (ArgumentException exception)
        {
            // The constraint: reflection refuses what holds references.
            return exception;
        }
    }

    private static bool IsUnmanaged(Type type) => !(bool)typeof(RuntimeHelpers).GetMethod(nameof(RuntimeHelpers.IsReferenceOrContainsReferences))!
        .MakeGenericMethod(type).Invoke(null, null)!;
}

[AllValid]
internal partial struct Legal
{
    public uint Value;
}

[AllValid]
internal partial struct LegalBig
{
    [BigEndian] public uint Value;
}

[AllValid]
internal partial struct OneLegal
{
    public Legal Inner;
}

[AllValid, System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Size = 5)]
internal partial struct Five
{
    public uint Value;
    public byte Last;
}

[ValidateOnRead]
internal partial struct Checked
{
    public bool Value;
}

[ValidateOnRead, InlineArray(2)]
internal partial struct CheckedArray
{
    private uint _first;

    private static bool Validate(in CheckedArray value) => value[0] < 10;
}

#pragma warning disable CS0649 // Only its type is used.
internal struct Plain
{
    public bool Value;
}

internal struct Rune32
{
    public System.Text.Rune Value;
}

internal struct Generic<T>
{
    public T Value;
}

#pragma warning restore CS0649

[InlineArray(2)]
internal struct Two<T>
{
    private T _first;
}

[InlineArray(3)]
internal struct InInline<T>
{
    private Generic<T> _first;
}

[InlineArray(2)]
internal struct TwoOfNullable
{
    private Legal? _first;
}

[InlineArray(2)]
internal struct TwoOfNullableBig
{
    private LegalBig? _first;
}
