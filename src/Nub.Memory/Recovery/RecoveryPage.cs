using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// A page of machine code that survives when shared memory goes, and a page of its data, with the signal handlers that make it survive.
/// Installed once a process and never freed: another handler may hold the address of ours for ever.
/// </summary>
/// <remarks>
/// The code is written before it is made executable, and is never both. The runtime's own handlers, or whatever else was there before, get
/// every fault that is not ours, as the kernel gave it. Handlers that are installed later get ours as the earlier one, to call it.
/// </remarks>
internal sealed unsafe class RecoveryPage
{
    private const nuint Length = 2 * RecoveryCode.DataOffset;

    private readonly RecoverySystem _system;
    private readonly nint _address;

    // As they were, with the flags and the masks.
    private SignalAction _earlierSegmentationFault;
    private SignalAction _earlierBusError;

    private bool _segmentationFaultIsInstalled;
    private bool _busErrorIsInstalled;

    private RecoveryPage(RecoverySystem system, RecoveryCode code, nint address)
    {
        _system = system;
        _address = address;
        Code = code;
    }

    /// <summary>Where in the page each function is.</summary>
    public RecoveryCode Code { get; }

    /// <summary>Makes the page and installs its handlers. What was done is undone where a step fails, so that it can be tried again.</summary>
    /// <exception cref="SharedMemoryMapException">The system refused memory, to make it executable, or a handler.</exception>
    public static RecoveryPage Install(RecoverySystem system, int width)
    {
        var code = new RecoveryCode(width);
        nint address = system.Map(Length);
        if (address == LinuxNative.MapFailed)
        {
            throw Failed("mmap", $"{Length} bytes for the code that survives a fault");
        }

        var page = new RecoveryPage(system, code, address);
        try
        {
            page.Write();
            page.InstallFirst();
        }
        catch
        {
            // Its address is not published yet.
            _ = system.Unmap(address, Length);
            throw;
        }

        page.InstallSecond();
        return page;
    }

    /// <summary>The address of one of the page's functions.</summary>
    public nint AddressOf(int offset) => _address + offset;

    /// <summary>
    /// Puts the earlier handlers back where ours is still the current one; where another came after it, it stays in that one's chain. Memory
    /// that could go is no longer survived then.
    /// </summary>
    /// <returns>Whether ours is called no longer.</returns>
    public bool Uninstall() =>
        PutBack(SignalNative.SegmentationFault, Code.SegmentationFault)
        & PutBack(SignalNative.BusError, Code.BusError);

    private void Write()
    {
        // Sound: the two pages are new and ours, and the code is shorter than one.
        Code.Bytes.CopyTo(new Span<byte>((void*)_address, RecoveryCode.DataOffset));
        var list = new Span<byte>((void*)AddressOf(RecoveryCode.DataOffset), RecoveryCode.DataOffset / 8);
        foreach (int offset in Code.Touches)
        {
            list[offset / 8] |= (byte)(1 << (offset % 8));
        }

        if (_system.Protect(_address, RecoveryCode.DataOffset) != 0)
        {
            throw Failed("mprotect", $"{RecoveryCode.DataOffset} bytes of code, to be executed");
        }
    }

    private void InstallFirst() =>
        SetHandler(SignalNative.SegmentationFault, Code.SegmentationFault, RecoveryCode.EarlierSegmentationFault, "the handler of SIGSEGV");

    private void InstallSecond()
    {
        try
        {
            SetHandler(SignalNative.BusError, Code.BusError, RecoveryCode.EarlierBusError, "the handler of SIGBUS");
        }
        catch
        {
            // The page stays: another handler may have been put before ours in the meantime.
            _ = PutBack(SignalNative.SegmentationFault, Code.SegmentationFault);
            throw;
        }
    }

    private void SetHandler(int signal, int handler, int earlier, string what)
    {
        // Known to our handler before it is called for the first time. Should another thread be quicker with a handler of its
        // own between the two calls, the second tells.
        SignalAction action;
        if (_system.SetAction(signal, null, &action) != 0)
        {
            throw Failed("sigaction", $"{what}, to be asked for");
        }

        SetEarlier(earlier, action.Handler);

        // The flags and the mask are the earlier handler's, which runs in ours.
        action.Flags = action.Handler is SignalNative.Default or SignalNative.Ignore
            ? SignalNative.WithInformation | SignalNative.OnAlternateStack
            : (action.Flags | SignalNative.WithInformation) & ~SignalNative.Once;
        action.Handler = AddressOf(handler);
        SignalAction replaced;
        if (_system.SetAction(signal, &action, &replaced) != 0)
        {
            throw Failed("sigaction", $"{what}, to be installed");
        }

        SetEarlier(earlier, replaced.Handler);
        Earlier(signal) = replaced;
        IsInstalled(signal) = true;
    }

    private bool PutBack(int signal, int handler)
    {
        if (!IsInstalled(signal))
        {
            return true;
        }

        SignalAction current;
        if (_system.SetAction(signal, null, &current) != 0 || current.Handler != AddressOf(handler))
        {
            return false;
        }

        SignalAction action = Earlier(signal);
        if (_system.SetAction(signal, &action, null) != 0)
        {
            return false;
        }

        IsInstalled(signal) = false;
        return true;
    }

    private ref SignalAction Earlier(int signal) =>
        ref signal == SignalNative.BusError ? ref _earlierBusError : ref _earlierSegmentationFault;

    private ref bool IsInstalled(int signal) =>
        ref signal == SignalNative.BusError ? ref _busErrorIsInstalled : ref _segmentationFaultIsInstalled;

    // Sound: within the page of data, aligned, and read by the handler in one piece.
    private void SetEarlier(int offset, nint handler) => Volatile.Write(ref *(nint*)AddressOf(offset), handler);

    private static SharedMemoryMapException Failed(string call, string attempt) => new(call, Marshal.GetLastPInvokeError(), attempt);
}
