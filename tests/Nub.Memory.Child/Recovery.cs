using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory.Child;

/// <summary>What a process is like in which faults on shared memory are survived.</summary>
internal static unsafe partial class Recovery
{
    // An address that nothing is mapped at, beyond what the runtime takes for a null reference.
    private const nint Nowhere = 0x10_0000;

    public static int Run(string what)
    {
        switch (what)
        {
            case "null-reference":
                Survive();
                CatchNullReference();
                Survive();
                return 0;
            case "crash":
                Survive();
                Marshal.ReadByte(Nowhere);
                return 0;
            case "crash-without":
                Marshal.ReadByte(Nowhere);
                return 0;
            case "private-side":
                // The private side of a copy is not what is survived.
                Survive();
                byte value = 1;
                RecoveringAccess.Get().TryCopyOut(ref *(byte*)Nowhere, &value, 1);
                return 0;
            case "private-side-without":
                *(byte*)Nowhere = 1;
                return 0;
            case "stack-overflow":
                Survive();
                return Overflow(1);
            case "stack-overflow-without":
                return Overflow(1);
            case "chain":
                Chain();
                return 0;
            default:
                return WithoutHandler(what);
        }
    }

    private static void Survive()
    {
        ulong value;
        if (!RecoveringAccess.Get().TryLoad((byte*)Nowhere, (byte*)&value, 8))
        {
            Write("survived");
        }
    }

    private static void Write(string word)
    {
        Console.Write(word + " ");
        Console.Out.Flush();
    }

    private static void CatchNullReference()
    {
        try
        {
            string? none = Environment.GetEnvironmentVariable("NUB_THERE_IS_NO_SUCH_VARIABLE");
            Write(none!.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (NullReferenceException exception)
        {
            Write(exception.GetType().Name);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Overflow(int depth) => depth == 0 ? 0 : Overflow(depth + 1) + Overflow(depth + 2);

    /// <summary>A counting handler before ours and one after it, and faults that are ours and others.</summary>
    private static void Chain()
    {
        using var earlier = new CountingHandler();
        RecoveringAccess access = RecoveringAccess.Get();
        using var later = new CountingHandler();
        ulong value;
        access.TryLoad((byte*)Nowhere, (byte*)&value, 8);
        access.TryLoad((byte*)Nowhere, (byte*)&value, 8);
        NullReference();
        Console.Write($"later {later.Count} earlier {earlier.Count}, ");

        // Not ours to put back while another handler is the current one.
        Console.Write($"put back: {access.Page.Uninstall()}, ");
        NullReference();
        Console.Write($"later {later.Count} earlier {earlier.Count}, ");
        later.Dispose();
        bool putBack = access.Page.Uninstall();
        NullReference();
        Console.WriteLine($"put back: {putBack}, earlier {earlier.Count}");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void NullReference()
    {
        try
        {
            Touch(null!);
        }
        catch (NullReferenceException)
        {
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Touch(int[] array) => array.Length;

    /// <summary>SIGBUS or SIGSEGV without a handler before ours, and then a fault that is not ours, or a signal that was sent.</summary>
    private static int WithoutHandler(string what)
    {
        SignalAction none = default;
        none.Handler = what.StartsWith("ignored", StringComparison.Ordinal) ? SignalNative.Ignore : SignalNative.Default;
        if (SignalNative.SigAction(SignalNative.SegmentationFault, &none, null) != 0)
        {
            return 1;
        }

        Survive();
        if (what.EndsWith("-sent", StringComparison.Ordinal))
        {
            _ = Kill(Environment.ProcessId, SignalNative.SegmentationFault);
        }
        else
        {
            Marshal.ReadByte(Nowhere);
        }

        return 0;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    /// <summary>A handler in machine code that counts and calls the earlier one, as a native library's would be.</summary>
    private sealed class CountingHandler : IDisposable
    {
        private readonly nint _page;
        private SignalAction _earlier;
        private bool _isInstalled;

        public CountingHandler()
        {
            _page = LinuxNative.MMap(0, 8192, LinuxNative.ProtRead | LinuxNative.ProtWrite, LinuxNative.MapPrivate | LinuxNative.MapAnonymous, -1, 0);
            SignalAction earlier;
            _ = SignalNative.SigAction(SignalNative.SegmentationFault, null, &earlier);
            _earlier = earlier;
            *(nint*)(_page + 4096 + 8) = earlier.Handler;
            var code = new CodeWriter();
            code.EmitRelative(4096, 0xF0, 0x48, 0xFF, 0x05); // lock inc qword [the count]
            code.EmitRelative(4096 + 8, 0xFF, 0x25); // jmp [the earlier handler]
            code.ToArray().CopyTo(new Span<byte>((void*)_page, 4096));
            _ = LinuxNative.MProtect(_page, 4096, LinuxNative.ProtRead | LinuxNative.ProtExecute);
            SignalAction action = earlier;
            action.Handler = _page;
            _ = SignalNative.SigAction(SignalNative.SegmentationFault, &action, null);
            _isInstalled = true;
        }

        public long Count => Volatile.Read(ref *(long*)(_page + 4096));

        public void Dispose()
        {
            if (_isInstalled)
            {
                SignalAction earlier = _earlier;
                _ = SignalNative.SigAction(SignalNative.SegmentationFault, &earlier, null);
                _isInstalled = false;
            }
        }
    }
}
