using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// A virtual machine: its memory and its processors. Every member may be called from any thread; after <see cref="Dispose()"/> each throws
/// <see cref="ObjectDisposedException"/>.
/// </summary>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
[DebuggerTypeProxy(typeof(VirtualMachineProxy))]
public sealed partial class VirtualMachine : IDisposable
{
    // Where the kernel puts what Intel processors need for real mode: one page for the identity map and three for the task state segment,
    // below the 256 KiB that firmware has at the end of the first 4 GiB. Only "the first 4GB of the guest physical address space" will do,
    // free of slots (api.rst, sections 4.29 and 4.41).
    private const ulong IdentityMapAddress = 0xFFFB_C000;
    private const ulong TssAddress = 0xFFFB_D000;
    private const ulong TssSize = 0x3000;

    private readonly Lock _gate = new();
    private readonly Descriptor _descriptor;
    private readonly ulong _runPagesSize;
    private readonly MemoryMap _memory;
    private readonly List<VirtualProcessor> _processors = [];
    private int _extendedStateSize;
    private bool _disposed;

    // Not where the constructor failed, whose machine is finalized all the same; nor when it was taken down.
    private bool _isCounted;

    internal VirtualMachine(Descriptor descriptor, ulong runPagesSize)
    {
        _descriptor = descriptor;
        _runPagesSize = runPagesSize;
        try
        {
            _memory = new MemoryMap(descriptor, Requests.CheckExtension.Call(descriptor, (nint)KvmCapability.MemorySlots));
            SetRealModeAddresses();
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }

        NubKvmMeter.Prepare();
        MachineCounts.AddMachine(1);
        _isCounted = true;
        NubKvmEventSource.Log.MachineCreated();
    }

    /// <summary>Takes the machine down if it was not disposed.</summary>
    ~VirtualMachine() => Dispose(disposing: false);

    /// <summary>Whether the interrupt controller is in the kernel (<see cref="CreateInterruptController"/>).</summary>
    public bool HasInterruptController { get; private set; }

    /// <summary>Whether a timer is in the kernel (<see cref="CreatePit"/>).</summary>
    public bool HasPit { get; private set; }

    /// <summary>Which memories the machine has and where.</summary>
    internal MemoryMap Memory => _memory;

    /// <summary>The size of a processor's extended state in bytes (KVM_CAP_XSAVE2; api.rst, section 4.134).</summary>
    internal int ExtendedStateSize => _extendedStateSize == 0
        ? _extendedStateSize = Math.Max(XsaveRegion.LeastSize, CheckExtension(KvmCapability.ExtendedState2))
        : _extendedStateSize;

    /// <summary>Asks for a capability of this machine, which may have less than the system.</summary>
    /// <inheritdoc cref="KvmSystem.CheckExtension(KvmCapability)"/>
    public int CheckExtension(KvmCapability capability) => Requests.CheckExtension.Call(_descriptor, (nint)capability);

    /// <summary>Maps a memory, or a part of it, into the machine (KVM_SET_USER_MEMORY_REGION; api.rst, section 4.35).</summary>
    /// <param name="memory">The memory. The slot keeps its mapping alive, also after this owner is disposed.</param>
    /// <param name="guestAddress">The guest physical address of the first byte: a multiple of the page size, 4,096 bytes.</param>
    /// <param name="flags">How it is mapped.</param>
    /// <param name="offset">The first byte of the part, from the start of the memory: a multiple of the page size.</param>
    /// <param name="size">The size of the part in bytes, a multiple of the page size; <see langword="null"/> for all from
    /// <paramref name="offset"/> on.</param>
    /// <returns>The slot. Dispose it to take the memory out of the machine again.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is not aligned, the size is 0, the part would end beyond the guest's last
    /// address (2^64), or a flag is unknown.</exception>
    /// <exception cref="ArgumentException">The range overlaps another slot, or the flags contradict one another or the memory.</exception>
    /// <exception cref="SharedMemoryBoundsException">The part leaves the memory.</exception>
    /// <exception cref="InvalidOperationException">The machine has as many slots as it can.</exception>
    /// <exception cref="SharedMemoryLockedException">A processor runs, and the memory is held exclusively.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The machine or the memory was disposed.</exception>
    public MemorySlot MapMemory(
        GuestSharedMemory memory, ulong guestAddress, MemorySlotFlags flags = MemorySlotFlags.None, ulong offset = 0, ulong? size = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        CheckFlags(flags);
        if (flags.HasFlag(MemorySlotFlags.WriteThrough))
        {
            throw new ArgumentException($"{nameof(MemorySlotFlags.WriteThrough)} is for read-only memory: guest memory is written anyway.", nameof(flags));
        }

        return _memory.Map(new SlotMemory(memory), guestAddress, flags, offset, size);
    }

    /// <summary>
    /// Maps what a guest is to see of a read-only memory, its first <see cref="ReadOnlySharedMemory.GuestMappedSize"/> bytes, or a part of
    /// that. A guest's write is an MMIO exit and changes nothing: the slot is <see cref="MemorySlotFlags.ReadOnly"/> without being told,
    /// unless it is <see cref="MemorySlotFlags.WriteThrough"/>.
    /// </summary>
    /// <inheritdoc cref="MapMemory(GuestSharedMemory, ulong, MemorySlotFlags, ulong, ulong?)"/>
    /// <exception cref="InvalidOperationException">To be written, but a span of the memory was handed out; or the machine has as many
    /// slots as it can.</exception>
    /// <exception cref="SharedMemoryLockedException">To be written, while an access or a lease is inside.</exception>
    /// <exception cref="SharedMemoryMapException">To be written, but the memory is a mapped file.</exception>
    public MemorySlot MapMemory(
        ReadOnlySharedMemory memory, ulong guestAddress, MemorySlotFlags flags = MemorySlotFlags.None, ulong offset = 0, ulong? size = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        CheckFlags(flags);
        if (!flags.HasFlag(MemorySlotFlags.WriteThrough))
        {
            flags |= MemorySlotFlags.ReadOnly;
        }
        else if (flags.HasFlag(MemorySlotFlags.ReadOnly))
        {
            throw new ArgumentException(
                $"{nameof(MemorySlotFlags.WriteThrough)} and {nameof(MemorySlotFlags.ReadOnly)} contradict one another.", nameof(flags));
        }
        else
        {
            // Makes the pages writable, or says why they cannot be.
            _ = memory.MappingAt(0, MemoryRegionType.Snapshot, MemoryRegionFlags.Read | MemoryRegionFlags.Write | MemoryRegionFlags.Execute);
        }

        return _memory.Map(new SlotMemory(memory), guestAddress, flags, offset, size);
    }

    /// <summary>Creates a virtual processor (KVM_CREATE_VCPU; api.rst, section 4.7).</summary>
    /// <param name="id">Its id, from 0, which is its local interrupt controller's too. An id can be used once in a machine.</param>
    /// <returns>The processor, in the state that a reset leaves it in.</returns>
    /// <exception cref="KvmException">The kernel refused: the id is in use (EEXIST, 17) or too high (EINVAL, 22).</exception>
    /// <exception cref="SharedMemoryMapException">The pages that the kernel shares with us for the processor cannot be mapped.</exception>
    /// <exception cref="ObjectDisposedException">The machine was disposed.</exception>
    public VirtualProcessor CreateVirtualProcessor(uint id)
    {
        VirtualProcessor processor;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var descriptor = new Descriptor(CreateProcessor(id), typeof(VirtualProcessor));
            HostSharedMemory? page = null;
            DirtyRing? ring = null;
            try
            {
                page = HostSharedMemory.Open(descriptor, 0, _runPagesSize, allowUnsealed: true);
                ring = _dirtyRingSize == 0 ? null
                    : new DirtyRing(HostSharedMemory.Open(descriptor, DirtyRing.PageOffset * (ulong)Environment.SystemPageSize, _dirtyRingSize, allowUnsealed: true));
                _coalescedPage ??= page.Clone();
                processor = new VirtualProcessor(this, _memory, descriptor, id, page, ring);
                _processors.Add(processor);
                MachineCounts.AddProcessor(1);
            }
            catch
            {
                ring?.Dispose();
                page?.Dispose();
                descriptor.Dispose();
                throw;
            }
        }

        NubKvmEventSource.Log.ProcessorCreated((int)id);
        return processor;
    }

    private int CreateProcessor(uint id)
    {
        int descriptor = Requests.CreateVcpu.TryCall(_descriptor, (nint)id, out int errorCode);
        if (descriptor >= 0)
        {
            return descriptor;
        }

        string hint = errorCode switch
        {
            LibC.Exists => ", an id that the machine has used",
            LibC.Invalid when Requests.CheckExtension.TryCall(_descriptor, (nint)KvmCapability.MaximumProcessorId, out _) is > 0 and int most => $"; an id is less than {most} here",
            _ => "",
        };
        throw new KvmException(Requests.CreateVcpu.Name, errorCode, $"processor {id}{hint}");
    }

    /// <summary>
    /// Takes the machine down: processors that run are stopped (their <c>Run</c> throws <see cref="ObjectDisposedException"/>), the
    /// slots are deleted, and their holds on memory end. This waits for no guest.
    /// </summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The processors for a debugger; <see langword="null"/> while another thread is changing them.</summary>
    internal VirtualProcessor[]? PeekProcessors()
    {
        if (!_gate.TryEnter())
        {
            return null;
        }

        try
        {
            return [.. _processors];
        }
        finally
        {
            _gate.Exit();
        }
    }

    // Counts without a lock: a debugger may look while a thread that holds it stands still.
    private string DebuggerDisplay => _disposed ? "virtual machine, disposed" : $"virtual machine, {_memory.Count} slots, {_processors.Count} processors";

    internal void Forget(VirtualProcessor processor)
    {
        using (Uninterrupted.Enter(_gate))
        {
            _processors.Remove(processor);
        }
    }

    // When a finalizer comes here nothing can be running, because a running thread refers to the machine; and the descriptor is still open,
    // because it has a critical finalizer (SafeHandle), and these come last.
    [SuppressMessage("Style", "IDE0060:Remove unused parameter", Justification = "Both ways are the same, and that is worth saying.")]
    private void Dispose(bool disposing)
    {
        if (_memory is null)
        {
            return;
        }

        // Each step does nothing when it is done again: so what failed in the middle, for want of memory, is disposed by another call or by the finalizer.
        VirtualProcessor[] processors;
        using (Uninterrupted.Enter(_gate))
        {
            processors = [.. _processors];
            _disposed = true;
        }

        foreach (VirtualProcessor processor in processors)
        {
            processor.Dispose();
        }

        int slots = _memory.Close();
        _coalescedPage?.Dispose();
        _descriptor.Dispose();
        if (Interlocked.Exchange(ref _isCounted, false))
        {
            MachineCounts.AddMachine(-1);
            NubKvmEventSource.Log.MachineDisposed(slots);
        }
    }

    private static void CheckFlags(MemorySlotFlags flags)
    {
        const MemorySlotFlags all =
            MemorySlotFlags.TrackDirtyPages | MemorySlotFlags.ReadOnly | MemorySlotFlags.HugePages | MemorySlotFlags.WriteThrough;
        if ((flags & ~all) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(flags), flags, $"0x{(int)flags:X} has flags that no slot has.");
        }
    }

    private void SetRealModeAddresses()
    {
        if (CheckExtension(KvmCapability.SetTssAddress) != 0)
        {
            Requests.SetTssAddress.Call(_descriptor, unchecked((nint)TssAddress));
            _memory.Reserve(TssAddress, TssSize, "the pages the kernel keeps for real mode");
        }

        if (CheckExtension(KvmCapability.SetIdentityMapAddress) != 0)
        {
            ulong address = IdentityMapAddress;
            Requests.SetIdentityMapAddress.Call(_descriptor, ref address);
            _memory.Reserve(IdentityMapAddress, (ulong)Environment.SystemPageSize, "the page the kernel keeps for real mode");
        }
    }
}
