using GuestCall.Backends;
using GuestCall.Protocol;
using Nub.Kvm;
using Nub.Memory;

namespace GuestCall.Tests;

/// <summary>A guest of any backend on a memory of its own, and both sides of that memory.</summary>
internal sealed class GuestFixture : IDisposable
{
    private readonly GuestSharedMemory _guestMemory;

    private GuestFixture(Func<HostSharedMemory, GuestSharedMemory, IGuest> create)
    {
        (Memory, _guestMemory) = GuestImage.Create();
        Guest = create(Memory, _guestMemory);
        Caller = new HostCaller(Memory, Guest);
    }

    /// <summary>The backends, by the names that <see cref="Create"/> knows.</summary>
    public static TheoryData<string> Backends => ["thread", "machine code", "kvm"];

    public HostSharedMemory Memory { get; }

    public IGuest Guest { get; }

    public HostCaller Caller { get; }

    public SharedStack Input => Memory.StackAt((ulong)GuestMap.Input.Offset, (ulong)GuestMap.Input.Size);

    public SharedStack Output => Memory.StackAt((ulong)GuestMap.Output.Offset, (ulong)GuestMap.Output.Size);

    public GuestStatus Status => GuestStatus.At(Memory, (ulong)GuestMap.Status.Offset).Load();

    /// <summary>Makes a guest, or skips the test with the reason why it cannot run here.</summary>
    public static GuestFixture Create(string backend, TimeSpan? patience = null)
    {
        switch (backend)
        {
            case "thread":
                return new GuestFixture((host, guest) => new ThreadGuest(host, guest));
            case "machine code":
                Skip.IfNot(MachineCodeGuest.CanRun, "The guest is x86-64 machine code and this process is not.");
                return new GuestFixture((_, guest) => new MachineCodeGuest(guest));
            case "kvm":
                Skip.IfNot(KvmSystem.IsSupported(out string whyNot), whyNot);
                return new GuestFixture((_, guest) => new KvmGuest(guest, patience));
            default:
                throw new ArgumentOutOfRangeException(nameof(backend), backend, "No such backend.");
        }
    }

    public void Dispose()
    {
        Guest.Dispose();
        Memory.Dispose();
        _guestMemory.Dispose();
    }
}
