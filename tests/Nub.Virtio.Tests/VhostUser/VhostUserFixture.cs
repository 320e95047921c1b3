namespace Nub.Virtio.Tests.VhostUser;

/// <summary>A block device in memory, its back end, a front end and a guest's memory.</summary>
internal sealed class VhostUserFixture : IDisposable
{
    public const ulong Packed = 1ul << 34;

    public VhostUserFixture(ulong features = FrontEnd.BasicFeatures, int queues = 1, VirtioDevice? device = null, bool allowUnsealed = false)
    {
        Features = features;
        Device = device ?? new BlockDevice(Storage, new BlockDeviceOptions { QueueCount = queues });
        Backend = new VhostUserBackend(Device) { AllowUnsealed = allowUnsealed };
        Front = FrontEnd.Connect(Backend);
    }

    public ulong Features { get; }

    public MemoryStorage Storage { get; } = new(1 << 20);

    public VirtioDevice Device { get; }

    public VhostUserBackend Backend { get; }

    public FrontEnd Front { get; private set; }

    public GuestFile Guest { get; } = new();

    public static byte[] WholeTable => FrontEnd.Table(FrontEnd.Region(FrontEnd.GuestBase, FrontEnd.MemorySize, FrontEnd.UserBase));

    /// <summary>Chooses features and hands over the memory.</summary>
    public void Begin()
    {
        Front.Ask(VhostUserRequest.GetFeatures);
        ulong protocol = BitConverter.ToUInt64(Front.Ask(VhostUserRequest.GetProtocolFeatures));
        Front.Send(VhostUserRequest.SetProtocolFeatures, FrontEnd.Bytes(protocol));
        Front.Send(VhostUserRequest.SetOwner);
        Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(Features));
        Front.Send(VhostUserRequest.SetMemoryTable, WholeTable, Guest.Handle);
    }

    public TestRing Ring(int size = 8, ulong offset = 0, uint index = 0) => new(Guest.Memory, (Features & Packed) != 0, size, offset) { Index = index };

    /// <summary>Sets a ring up as QEMU does.</summary>
    public TestRing Start(TestRing ring)
    {
        Front.Send(VhostUserRequest.SetVringSize, ring.SizeMessage);
        Front.Send(VhostUserRequest.SetVringBase, ring.BaseMessage);
        Front.Send(VhostUserRequest.SetVringAddresses, ring.AddressMessage);
        Front.Send(VhostUserRequest.SetVringKick, ring.EventMessage, ring.Kick.Handle);
        Front.Send(VhostUserRequest.SetVringCall, ring.EventMessage, ring.Call.Handle);
        if ((Features & 1ul << 30) != 0)
        {
            Front.Send(VhostUserRequest.SetVringEnable, ring.EnableMessage);
        }

        return ring;
    }

    /// <summary>Another front end for the same device.</summary>
    public void Reconnect()
    {
        Front.Dispose();
        Front = FrontEnd.Connect(Backend);
    }

    public void Dispose()
    {
        Front.Dispose();
        Backend.Dispose();
        Guest.Dispose();
        Storage.Dispose();
    }
}
