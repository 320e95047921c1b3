using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// A virtual processor. One thread at a time may use it, and not always the same one. A call while another thread is inside (in
/// <see cref="Run"/>, most often) throws <see cref="InvalidOperationException"/> instead of waiting for a guest that may never return.
/// <see cref="Dispose"/>, and cancelling the token of a run, are for any thread at any time.
/// </summary>
public sealed partial class VirtualProcessor : IDisposable
{
    private readonly Lock _gate = new();
    private readonly VirtualMachine _machine;
    private readonly MemoryMap _memory;
    private readonly Descriptor _descriptor;

    // The descriptor's number, for runs: it is open while a thread is inside, because only the last to leave releases the processor.
    private readonly int _number;
    private readonly HostSharedMemory _page;
    private readonly DirtyRing? _ring;

    // Under the gate: the kernel's id of the thread that uses the processor, whether it is in Run, and whether it is to find the
    // processor disposed.
    private int _user;
    private bool _running;
    private volatile bool _disposed;

    internal VirtualProcessor(VirtualMachine machine, MemoryMap memory, Descriptor descriptor, uint id, HostSharedMemory page, DirtyRing? ring)
    {
        _machine = machine;
        _memory = memory;
        _descriptor = descriptor;
        _number = (int)descriptor.DangerousGetHandle();
        _page = page;
        _ring = ring;
        Id = id;
    }

    /// <summary>The id it was created with.</summary>
    public uint Id { get; }

    /// <summary>The processor's id.</summary>
    /// <returns>For a log or a debugger.</returns>
    public override string ToString() => $"processor {Id}";

    /// <summary>The kernel's descriptor of the processor.</summary>
    internal Descriptor Descriptor => _descriptor;

    /// <summary>What the kernel shares with us for the processor: <c>kvm_run</c> and what follows it.</summary>
    internal HostSharedMemory Page => _page;

    /// <summary>The general registers (KVM_GET_REGS; api.rst, section 4.11).</summary>
    /// <remarks>After an exit for a port or MMIO the instruction is finished only by the next run: until then the registers are those
    /// before it.</remarks>
    /// <returns>The registers.</returns>
    /// <exception cref="InvalidOperationException">Another thread is using the processor.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public Registers GetRegisters() => Get<Registers>(Requests.GetRegs);

    /// <summary>Sets the general registers (KVM_SET_REGS; api.rst, section 4.12).</summary>
    /// <param name="registers">The registers.</param>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetRegisters(in Registers registers) => Set(Requests.SetRegs, registers);

    /// <summary>The segments, tables and control registers (KVM_GET_SREGS; api.rst, section 4.13).</summary>
    /// <inheritdoc cref="GetRegisters"/>
    public SpecialRegisters GetSpecialRegisters() => Get<SpecialRegisters>(Requests.GetSregs);

    /// <summary>Sets the segments, tables and control registers (KVM_SET_SREGS; api.rst, section 4.14).</summary>
    /// <param name="registers">The registers.</param>
    /// <exception cref="KvmException">The kernel refused: EINVAL (22) for a combination no processor can have.</exception>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetSpecialRegisters(in SpecialRegisters registers) => Set(Requests.SetSregs, registers);

    /// <summary>Sets what CPUID answers (KVM_SET_CPUID2; api.rst, section 4.21). To be called before the first run.</summary>
    /// <param name="entries">The leaves, at most 256; <see cref="KvmSystem.GetSupportedCpuid"/> gives those the host can back.</param>
    /// <exception cref="ArgumentException">There are more than 256 leaves.</exception>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetCpuid(ReadOnlySpan<CpuidEntry> entries)
    {
        Enter(running: false);
        try
        {
            CpuidTable.Set(Requests.SetCpuid2, _descriptor, entries);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// Takes entries from the processor's ring of dirty pages, also while it runs. What was taken is to be followed by
    /// <see cref="VirtualMachine.ResetDirtyRings"/>, from when on a write to the page is told again.
    /// </summary>
    /// <param name="pages">Takes the entries.</param>
    /// <returns>How many there were; as many as <paramref name="pages"/> has room for when there are more. A page may be told more than
    /// once.</returns>
    /// <exception cref="InvalidOperationException">The machine has no dirty rings
    /// (<see cref="VirtualMachine.EnableDirtyRings"/>).</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public int HarvestDirtyRing(Span<DirtyPage> pages) =>
        _ring?.Harvest(pages) ?? throw new InvalidOperationException(
            "The machine was made without dirty rings: call EnableDirtyRings before the first processor is created.");

    /// <summary>
    /// Gives the processor back. If it runs it is stopped, its <see cref="Run"/> throws <see cref="ObjectDisposedException"/>, and the
    /// thread in it gives the processor back; this call does not wait.
    /// </summary>
    public void Dispose()
    {
        bool release, kicked;
        using (Uninterrupted.Enter(_gate))
        {
            if (_disposed)
            {
                return;
            }

            release = _user == 0;
            kicked = _running;
            if (kicked)
            {
                // It may find no memory: then nothing has happened, and the processor can be disposed again.
                Kick();
            }

            _disposed = true;
        }

        if (kicked)
        {
            TellKicked();
        }

        if (release)
        {
            Release();
        }
    }

    private T Get<T>(Request request) where T : unmanaged
    {
        Enter(running: false);
        try
        {
            return request.Get<T>(_descriptor);
        }
        finally
        {
            Leave();
        }
    }

    private void Set<T>(Request request, T value) where T : unmanaged
    {
        Enter(running: false);
        try
        {
            request.Call(_descriptor, ref value);
        }
        finally
        {
            Leave();
        }
    }

    private void Enter(bool running)
    {
        int thread = KickSignal.PrepareThisThread();
        lock (_gate)
        {
            CheckFree();
            if (running)
            {
                // Before there is a user: it may find no memory, and no call of Leave follows then.
                SetImmediateExit(0);
            }

            _user = thread;
            _running = running;
        }
    }

    // Under the gate.
    private void CheckFree()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_user != 0)
        {
            throw new InvalidOperationException(
                $"Virtual processor {Id} is in use by thread {_user}{(_running ? ", which runs its guest" : "")}; one thread at a time may use it.");
        }
    }

    private void Leave()
    {
        bool release;
        using (Uninterrupted.Enter(_gate))
        {
            _user = 0;
            _running = false;
            release = _disposed;
        }

        if (release)
        {
            Release();
        }
    }

    private void Release()
    {
        _page.Dispose();
        _ring?.Dispose();
        _descriptor.Dispose();
        _machine.Forget(this);
        MachineCounts.AddProcessor(-1);
        NubKvmEventSource.Log.ProcessorReleased((int)Id);
    }
}
