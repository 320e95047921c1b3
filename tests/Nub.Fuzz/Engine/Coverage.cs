using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.InteropServices;

namespace Nub.Fuzz.Engine;

/// <summary>
/// Which branches an input took, and which of them none took before. SharpFuzz has each branch count a byte at the place that belongs to it and to the branch before it: an edge. How often counts as
/// well, in eight classes, as afl-fuzz has them; an edge with its class is a feature.
/// </summary>
internal sealed unsafe class Coverage
{
    public const int Size = 1 << 16;
    private static readonly byte[] s_classes = Classes();

    // By reflection: SharpFuzz does not instrument an assembly that refers to this type, and the targets are in this one.
    private static readonly Type s_trace = Type.GetType("SharpFuzz.Common.Trace, SharpFuzz.Common", throwOnError: true)!;
    private static readonly Action s_forgetLocation = ForgetLocation();

    private readonly byte* _map;
    private readonly byte[] _seen = new byte[Size];

    /// <summary>From here on, instrumented code can run: it would write to address 0 before.</summary>
    public Coverage()
    {
        // Never freed: finalizers that run at the end are instrumented too.
        _map = (byte*)NativeMemory.AlignedAlloc(Size, 64);
        Begin();
        s_trace.GetField("SharedMem")!.SetValue(null, Pointer.Box(_map, typeof(byte*)));
    }

    /// <summary>The edges that were taken since the beginning.</summary>
    public int Edges { get; private set; }

    private ReadOnlySpan<byte> Map => new(_map, Size);

    public void Begin()
    {
        new Span<byte>(_map, Size).Clear();
        s_forgetLocation();
    }

    /// <summary>Whether the run since <see cref="Begin"/> has a feature that is new.</summary>
    public bool IsNew()
    {
        ReadOnlySpan<byte> map = Map;
        for (int at = Next(map, 0); at < Size; at = Next(map, at + 1))
        {
            if ((s_classes[map[at]] & ~_seen[at]) != 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Counts the features of the run as seen.</summary>
    public void Accept()
    {
        ReadOnlySpan<byte> map = Map;
        for (int at = Next(map, 0); at < Size; at = Next(map, at + 1))
        {
            Edges += _seen[at] == 0 ? 1 : 0;
            _seen[at] |= s_classes[map[at]];
        }
    }

    /// <summary>The edges of the run.</summary>
    public int[] TakenEdges()
    {
        var edges = new List<int>();
        ReadOnlySpan<byte> map = Map;
        for (int at = Next(map, 0); at < Size; at = Next(map, at + 1))
        {
            edges.Add(at);
        }

        return [.. edges];
    }

    private static int Next(ReadOnlySpan<byte> map, int from)
    {
        int found = map[from..].IndexOfAnyExcept((byte)0);
        return found < 0 ? Size : from + found;
    }

    private static Action ForgetLocation()
    {
        var method = new DynamicMethod("ForgetLocation", null, null);
        ILGenerator code = method.GetILGenerator();
        code.Emit(OpCodes.Ldc_I4_0);
        code.Emit(OpCodes.Stsfld, s_trace.GetField("PrevLocation")!);
        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Action>();
    }

    private static byte[] Classes()
    {
        byte[] classes = new byte[256];
        for (int count = 1; count < 256; count++)
        {
            classes[count] = count switch { 1 => 1, 2 => 2, 3 => 4, < 8 => 8, < 16 => 16, < 32 => 32, < 128 => 64, _ => 128 };
        }

        return classes;
    }
}
