using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// Touches memory that may go while it is touched, because its owner can shorten it, and says so in place of ending the process. On Linux
/// on x64, the only platform where .NET lets a library do so without native code of its own.
/// </summary>
/// <remarks>
/// <para>The bytes are touched by functions of a <see cref="RecoveryPage"/>, at whose instructions a SIGSEGV or SIGBUS is caught. A fault
/// costs some microseconds.</para>
/// <para>The transition to native code is left out for up to <see cref="Suppressed"/> bytes, some 50 ns, because a collection waits for
/// a thread that did not make it. A longer copy makes it, with its private side pinned.</para>
/// </remarks>
internal sealed unsafe class RecoveringAccess : IndirectAccess
{
    /// <summary>The longest copy without a transition, in bytes.</summary>
    internal const nuint Suppressed = 4096;

    private static readonly Lock s_installing = Once.Make(static () => new Lock());
    private static RecoveringAccess? s_instance;

    private readonly RecoveryPage _page;
    private readonly delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int> _load1, _load2, _load4, _load8;
    private readonly delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int> _store1, _store2, _store4, _store8;
    private readonly delegate* unmanaged[SuppressGCTransition]<byte*, ulong, ulong, ulong*, int> _compareExchange4, _compareExchange8;
    private readonly delegate* unmanaged[SuppressGCTransition]<byte*, ulong, ulong, ulong*, int> _exchange4, _exchange8;
    private readonly delegate* unmanaged[SuppressGCTransition]<byte*, ulong, ulong, ulong*, int> _add4, _add8;
    private readonly nint _copyOut, _copyIn, _fill;

    /// <summary>Uses a page that was installed.</summary>
    internal RecoveringAccess(RecoveryPage page)
    {
        // Sound, here and below: each function has this signature and this calling convention (System V), and its page is never freed.
        _page = page;
        RecoveryCode code = page.Code;
        _load1 = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int>)page.AddressOf(code.Load[0]);
        _load2 = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int>)page.AddressOf(code.Load[1]);
        _load4 = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int>)page.AddressOf(code.Load[2]);
        _load8 = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int>)page.AddressOf(code.Load[3]);
        _store1 = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int>)page.AddressOf(code.Store[0]);
        _store2 = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int>)page.AddressOf(code.Store[1]);
        _store4 = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int>)page.AddressOf(code.Store[2]);
        _store8 = (delegate* unmanaged[SuppressGCTransition]<byte*, byte*, int>)page.AddressOf(code.Store[3]);
        _compareExchange4 = Atomic(code.CompareExchange[0]);
        _compareExchange8 = Atomic(code.CompareExchange[1]);
        _exchange4 = Atomic(code.Exchange[0]);
        _exchange8 = Atomic(code.Exchange[1]);
        _add4 = Atomic(code.Add[0]);
        _add8 = Atomic(code.Add[1]);
        _copyOut = page.AddressOf(code.CopyOut);
        _copyIn = page.AddressOf(code.CopyIn);
        _fill = page.AddressOf(code.Fill);
    }

    /// <summary>Whether this platform has a surviving path.</summary>
    /// <param name="whyNot">Why it has none; null where it has.</param>
    public static bool IsSupported(out string? whyNot)
    {
        whyNot = !OperatingSystem.IsLinux() ? "A fault on shared memory is survived on Linux only."
            : RuntimeInformation.ProcessArchitecture != Architecture.X64
                ? $"A fault on shared memory is survived on x64 only; this process is {RuntimeInformation.ProcessArchitecture}."
                : null;
        return whyNot is null;
    }

    /// <summary>The process's only instance, installed by the first call.</summary>
    /// <exception cref="PlatformNotSupportedException">The platform has no surviving path.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused a step; the call may be tried again.</exception>
    public static RecoveringAccess Get()
    {
        if (Volatile.Read(ref s_instance) is { } instance)
        {
            return instance;
        }

        lock (s_installing)
        {
            return s_instance ??= IsSupported(out string? whyNot)
                ? new RecoveringAccess(RecoveryPage.Install(new RecoverySystem(), BulkStub.WidestHere))
                : throw new PlatformNotSupportedException(whyNot);
        }
    }

    /// <summary>The page whose functions this uses.</summary>
    internal RecoveryPage Page => _page;

    // Chains of compares, because a switch would be a jump through a table; of a constant size nothing remains of them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool TryLoad(byte* place, byte* value, nuint size)
    {
        if (size == 8)
        {
            return _load8(place, value) == 0 || MemoryCounts.Fault();
        }

        if (size == 4)
        {
            return _load4(place, value) == 0 || MemoryCounts.Fault();
        }

        return TryLoadRarer(place, value, size);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool TryStore(byte* place, byte* value, nuint size)
    {
        if (size == 8)
        {
            return _store8(place, value) == 0 || MemoryCounts.Fault();
        }

        if (size == 4)
        {
            return _store4(place, value) == 0 || MemoryCounts.Fault();
        }

        return TryStoreRarer(place, value, size);
    }

    public override bool TryCopyOut(ref byte destination, byte* shared, nuint length)
    {
        fixed (byte* to = &destination)
        {
            return length <= Suppressed ? Short(_copyOut, to, shared, length) : Long(_copyOut, to, shared, length);
        }
    }

    public override bool TryCopyIn(byte* shared, ref byte source, nuint length)
    {
        fixed (byte* from = &source)
        {
            return length <= Suppressed ? Short(_copyIn, shared, from, length) : Long(_copyIn, shared, from, length);
        }
    }

    public override bool TryFill(byte* shared, nuint length, byte value)
    {
        byte* pattern = (byte*)(value * 0x0101_0101_0101_0101UL);
        return length <= Suppressed ? Short(_fill, shared, pattern, length) : Long(_fill, shared, pattern, length);
    }

    public override bool TryAtomic(AtomicOperation operation, byte* place, int size, ulong operand, ulong comparand, out ulong result)
    {
        bool isLong = size == sizeof(ulong);
        ulong seen;
        bool done = operation switch
        {
            AtomicOperation.CompareExchange => (isLong ? _compareExchange8 : _compareExchange4)(place, operand, comparand, &seen) == 0 || MemoryCounts.Fault(),
            AtomicOperation.Exchange => (isLong ? _exchange8 : _exchange4)(place, operand, 0, &seen) == 0 || MemoryCounts.Fault(),
            AtomicOperation.Add => (isLong ? _add8 : _add4)(place, operand, 0, &seen) == 0 || MemoryCounts.Fault(),
            _ => TryCombine(operation, place, isLong, operand, out seen),
        };
        result = done ? seen : 0;
        return done;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryLoadRarer(byte* place, byte* value, nuint size) => size switch
    {
        1 => _load1(place, value) == 0 || MemoryCounts.Fault(),
        2 => _load2(place, value) == 0 || MemoryCounts.Fault(),
        _ => TryCopyOut(ref *value, place, size),
    };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryStoreRarer(byte* place, byte* value, nuint size) => size switch
    {
        1 => _store1(place, value) == 0 || MemoryCounts.Fault(),
        2 => _store2(place, value) == 0 || MemoryCounts.Fault(),
        _ => TryCopyIn(place, ref *value, size),
    };

    /// <summary>The processor's own And and Or give no result, so this compares and exchanges until no other write came in between.</summary>
    private bool TryCombine(AtomicOperation operation, byte* place, bool isLong, ulong operand, out ulong seen)
    {
        seen = 0;
        ulong expected = 0;
        if ((isLong ? _load8 : _load4)(place, (byte*)&expected) != 0)
        {
            return MemoryCounts.Fault();
        }

        while (true)
        {
            ulong combined = operation == AtomicOperation.And ? expected & operand : expected | operand;
            ulong found;
            if ((isLong ? _compareExchange8 : _compareExchange4)(place, combined, expected, &found) != 0)
            {
                return MemoryCounts.Fault();
            }

            if (found == expected)
            {
                seen = found;
                return true;
            }

            expected = found;
        }
    }

    private delegate* unmanaged[SuppressGCTransition]<byte*, ulong, ulong, ulong*, int> Atomic(int offset) =>
        (delegate* unmanaged[SuppressGCTransition]<byte*, ulong, ulong, ulong*, int>)_page.AddressOf(offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Short(nint stub, byte* destination, byte* source, nuint length) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, byte*, nuint, int>)stub)(destination, source, length) == 0 || MemoryCounts.Fault();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Long(nint stub, byte* destination, byte* source, nuint length) =>
        ((delegate* unmanaged<byte*, byte*, nuint, int>)stub)(destination, source, length) == 0 || MemoryCounts.Fault();
}
