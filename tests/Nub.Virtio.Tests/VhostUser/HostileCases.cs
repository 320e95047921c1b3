using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>What a front end can do to break the protocol, by name, with the refusal that it must get.</summary>
internal static class HostileCases
{
    private const ulong Base = FrontEnd.GuestBase;
    private const ulong User = FrontEnd.UserBase;
    private const ulong Size = FrontEnd.MemorySize;
    private const uint NeedReply = 8;

    /// <summary>The cases. Each begins with chosen features and one region of memory, and ends with the message that is refused.</summary>
    public static Dictionary<string, (VhostUserError Error, Action<VhostUserFixture> Play)> All { get; } = new()
    {
        // The message itself.
        ["half a header"] = Case(VhostUserError.Truncated, f => f.Front.SendRaw([1, 0, 0, 0, 1, 0])),
        ["a header without its payload"] = Case(VhostUserError.Truncated, f => f.Front.SendRaw(FrontEnd.Message(2, default, size: 8))),
        ["half a payload"] = Case(VhostUserError.Truncated, f => f.Front.SendRaw(FrontEnd.Message(2, [1, 2, 3], size: 8))),
        ["half a table, with its descriptor"] = Case(VhostUserError.Truncated, f => f.Front.SendRaw(FrontEnd.Message(5, VhostUserFixture.WholeTable.AsSpan(0, 20), size: 40), f.Guest.Handle)),
        ["version 0"] = Case(VhostUserError.VersionInvalid, f => f.Front.SendRaw(FrontEnd.Message(1, default, flags: 0))),
        ["version 2"] = Case(VhostUserError.VersionInvalid, f => f.Front.SendRaw(FrontEnd.Message(1, default, flags: 2))),
        ["a reply that was not asked for"] = Case(VhostUserError.FlagsInvalid, f => f.Front.SendRaw(FrontEnd.Message(1, default, flags: 5))),
        ["request 0"] = Case(VhostUserError.RequestUnknown, f => f.Front.SendRaw(FrontEnd.Message(0, default))),
        ["request 2^32 - 1"] = Case(VhostUserError.RequestUnknown, f => f.Front.SendRaw(FrontEnd.Message(uint.MaxValue, default))),
        ["a request of a feature that is not offered"] = Case(VhostUserError.RequestUnknown, f => f.Front.SendRaw(FrontEnd.Message(28, default))),
        ["an unknown request with descriptors"] = Case(VhostUserError.RequestUnknown, f => f.Front.SendRaw(FrontEnd.Message(77, default), f.Guest.Handle, f.Guest.Handle)),
        ["a payload of 4 GiB"] = Case(VhostUserError.SizeInvalid, f => f.Front.SendRaw(FrontEnd.Message(2, default, size: uint.MaxValue))),
        ["a payload larger than any"] = Case(VhostUserError.SizeInvalid, f => f.Front.SendRaw(FrontEnd.Message(2, default, size: 269))),
        ["more descriptors than any message has"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetMemoryTable, VhostUserFixture.WholeTable, Many(f, 9))),
        ["a hundred descriptors with nothing"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetOwner, default, Many(f, 100))),

        // Features.
        ["features of 4 bytes"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.SetFeatures, [0, 0, 0, 0])),
        ["features of 9 bytes"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.SetFeatures, new byte[9])),
        ["features with a descriptor"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(0ul), f.Guest.Handle)),
        ["a question with a payload"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.GetFeatures, [0])),
        ["a question with a descriptor"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.GetFeatures, default, f.Guest.Handle)),
        ["features that were not offered"] = Case(VhostUserError.FeaturesInvalid, f => f.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(1ul << 33))),
        ["all features"] = Case(VhostUserError.FeaturesInvalid, f => f.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(ulong.MaxValue))),
        ["protocol features that were not offered"] = Case(VhostUserError.ProtocolFeaturesInvalid, f => f.Front.Send(VhostUserRequest.SetProtocolFeatures, FrontEnd.Bytes(1ul << 8))),
        ["other features while a ring runs"] = Case(VhostUserError.OutOfOrder, f =>
        {
            f.Start(f.Ring()).Exercise(1, 1);
            f.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(FrontEnd.BasicFeatures | 1ul << 34));
        }),
        ["an owner with a payload"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.SetOwner, [1])),

        // Memory.
        ["a table of no regions"] = Case(VhostUserError.RegionCountInvalid, f => f.Front.Send(VhostUserRequest.SetMemoryTable, FrontEnd.Bytes(0u, 0u))),
        ["a table of nine regions"] = Case(VhostUserError.RegionCountInvalid, f => f.Front.Send(VhostUserRequest.SetMemoryTable, FrontEnd.Bytes(9u, 0u, new byte[32]), Many(f, 8))),
        ["a table of 2^32 - 1 regions"] = Case(VhostUserError.RegionCountInvalid, f => f.Front.Send(VhostUserRequest.SetMemoryTable, FrontEnd.Bytes(uint.MaxValue, 0u))),
        ["a table of 4 bytes"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.SetMemoryTable, [1, 0, 0, 0])),
        ["a table shorter than its regions"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.SetMemoryTable, FrontEnd.Bytes(2u, 0u, new byte[32]), Many(f, 2))),
        ["a table longer than its regions"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.SetMemoryTable, FrontEnd.Bytes(1u, 0u, new byte[64]), Many(f, 1))),
        ["a table without descriptors"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetMemoryTable, VhostUserFixture.WholeTable)),
        ["a table with a descriptor too many"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetMemoryTable, VhostUserFixture.WholeTable, Many(f, 2))),
        ["a region of no bytes"] = Case(VhostUserError.RegionInvalid, f => SetTable(f, FrontEnd.Region(Base, 0, User))),
        ["a region that wraps in the guest"] = Case(VhostUserError.RegionInvalid, f => SetTable(f, FrontEnd.Region(ulong.MaxValue - 0xFFF, 0x2000, User))),
        ["a region that wraps in the front end"] = Case(VhostUserError.RegionInvalid, f => SetTable(f, FrontEnd.Region(Base, 0x2000, ulong.MaxValue - 0xFFF))),
        ["a region that wraps in its file"] = Case(VhostUserError.RegionInvalid, f => SetTable(f, FrontEnd.Region(Base, 0x2000, User, ulong.MaxValue - 0xFFF))),
        ["a region of 2^64 - 1 bytes"] = Case(VhostUserError.RegionInvalid, f => SetTable(f, FrontEnd.Region(Base, ulong.MaxValue, User))),
        ["a region of 2^63 bytes"] = Case(VhostUserError.RegionInvalid, f => SetTable(f, FrontEnd.Region(0, 1ul << 63, 0, 1))),
        ["a region that stands otherwise in its file than in the guest"] = Case(VhostUserError.RegionInvalid, f => SetTable(f, FrontEnd.Region(Base, 0x2000, User, 4))),
        ["regions that overlap in the guest"] = Case(VhostUserError.RegionOverlaps, f => SetTable(f, FrontEnd.Region(Base, Size, User), FrontEnd.Region(Base + Size - 8, Size, User + (16 * Size)))),
        ["regions that overlap in the front end"] = Case(VhostUserError.RegionOverlaps, f => SetTable(f, FrontEnd.Region(Base, Size, User), FrontEnd.Region(Base + (16 * Size), Size, User + Size - 1))),
        ["the same region twice"] = Case(VhostUserError.RegionOverlaps, f => SetTable(f, FrontEnd.Region(Base, Size, User), FrontEnd.Region(Base, Size, User))),
        ["a region beyond its file"] = Case(VhostUserError.RegionBeyondFile, f => SetTable(f, FrontEnd.Region(Base, Size + 1, User))),
        ["a region that begins at its file's end"] = Case(VhostUserError.RegionBeyondFile, f => SetTable(f, FrontEnd.Region(Base, Size, User, Size))),
        ["a region of a file that was shortened"] = Case(VhostUserError.RegionBeyondFile, f =>
        {
            f.Guest.Shorten(0x1000);
            SetTable(f, FrontEnd.Region(Base, Size, User));
        }),
        ["memory that is an event"] = Case(VhostUserError.RegionNotMappable, f => f.Front.Send(VhostUserRequest.SetMemoryTable, VhostUserFixture.WholeTable, Event(f))),
        ["memory that is a pipe"] = Case(VhostUserError.RegionNotMappable, f =>
        {
            using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
            f.Front.Send(VhostUserRequest.SetMemoryTable, VhostUserFixture.WholeTable, pipe.SafePipeHandle);
        }),
        ["memory that may only be read"] = Case(VhostUserError.RegionNotMappable, f =>
        {
            using SafeFileHandle readable = File.OpenHandle($"/proc/self/fd/{f.Guest.Handle.DangerousGetHandle()}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            f.Front.Send(VhostUserRequest.SetMemoryTable, FrontEnd.Table(FrontEnd.Region(Base, 0x1000, User)), readable);
        }),
        ["memory that is a file of no memory"] = Case(VhostUserError.RegionNotMappable, f => Served(f, VhostUserRequest.SetMemoryTable, VhostUserFixture.WholeTable)),
        ["a region added of no memory"] = Case(VhostUserError.RegionNotMappable, f => Served(f, VhostUserRequest.AddMemoryRegion, One(Base + Size, Size, User + Size))),
        ["a region added without a descriptor"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.AddMemoryRegion, One(Base + Size, Size, User + Size))),
        ["a region added with two descriptors"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.AddMemoryRegion, One(Base + Size, Size, User + Size), Many(f, 2))),
        ["a region added in 32 bytes"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.AddMemoryRegion, FrontEnd.Region(Base + Size, Size, User + Size), f.Guest.Handle)),
        ["a region added over another"] = Case(VhostUserError.RegionOverlaps, f => f.Front.Send(VhostUserRequest.AddMemoryRegion, One(Base, Size, User + Size), f.Guest.Handle)),
        ["a 33rd region"] = Case(VhostUserError.RegionCountInvalid, f =>
        {
            for (uint i = 1; i <= 32; i++)
            {
                f.Front.Send(VhostUserRequest.AddMemoryRegion, One(Base + (i * Size), Size, User + (i * Size)), f.Guest.Handle);
            }
        }),
        ["a region removed that is not there"] = Case(VhostUserError.RegionUnknown, f => f.Front.Send(VhostUserRequest.RemoveMemoryRegion, One(Base + 0x1000, Size, User))),
        ["a region removed by another size"] = Case(VhostUserError.RegionUnknown, f => f.Front.Send(VhostUserRequest.RemoveMemoryRegion, One(Base, Size - 1, User))),
        ["a region removed twice"] = Case(VhostUserError.RegionUnknown, f =>
        {
            f.Front.Send(VhostUserRequest.RemoveMemoryRegion, One(Base, Size, User));
            f.Front.Send(VhostUserRequest.RemoveMemoryRegion, One(Base, Size, User));
        }),
        ["a region removed with two descriptors"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.RemoveMemoryRegion, One(Base, Size, User), Many(f, 2))),
        ["a table that leaves a running ring outside"] = Case(VhostUserError.RingOutsideMemory, f =>
        {
            f.Start(f.Ring()).Exercise(1, 1);
            SetTable(f, FrontEnd.Region(Base, 0x1000, User + (16 * Size)));
        }),

        // Rings.
        ["a ring that the device has not"] = Case(VhostUserError.QueueIndexInvalid, f => f.Front.Send(VhostUserRequest.SetVringSize, FrontEnd.Bytes(1u, 8u))),
        ["ring 2^32 - 1"] = Case(VhostUserError.QueueIndexInvalid, f => f.Front.Send(VhostUserRequest.GetVringBase, FrontEnd.Bytes(uint.MaxValue, 0u))),
        ["the addresses of a ring that the device has not"] = Case(VhostUserError.QueueIndexInvalid, f => f.Front.Send(VhostUserRequest.SetVringAddresses, FrontEnd.Bytes(1u, 0u, User, User, User, 0ul))),
        ["a kick for a ring that the device has not"] = Case(VhostUserError.QueueIndexInvalid, f => f.Front.Send(VhostUserRequest.SetVringKick, FrontEnd.Bytes(1ul), Event(f))),
        ["a ring that is enabled and that the device has not"] = Case(VhostUserError.QueueIndexInvalid, f => f.Front.Send(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(200u, 1u))),
        ["a ring of 0 entries"] = Case(VhostUserError.QueueSizeInvalid, f => f.Front.Send(VhostUserRequest.SetVringSize, FrontEnd.Bytes(0u, 0u))),
        ["a ring of more entries than the device takes"] = Case(VhostUserError.QueueSizeInvalid, f => f.Front.Send(VhostUserRequest.SetVringSize, FrontEnd.Bytes(0u, 257u))),
        ["a ring of 2^32 - 1 entries"] = Case(VhostUserError.QueueSizeInvalid, f => f.Front.Send(VhostUserRequest.SetVringSize, FrontEnd.Bytes(0u, uint.MaxValue))),
        ["a split ring of 7 entries"] = Case(VhostUserError.QueueSizeInvalid, f => f.Start(f.Ring(size: 7))),
        ["a ring's size in 4 bytes"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.SetVringSize, [0, 0, 0, 0])),
        ["a ring's size with a descriptor"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetVringSize, FrontEnd.Bytes(0u, 8u), f.Guest.Handle)),
        ["addresses in 32 bytes"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.SetVringAddresses, new byte[32])),
        ["addresses with flags that mean nothing"] = Case(VhostUserError.ValueInvalid, f => f.Front.Send(VhostUserRequest.SetVringAddresses, FrontEnd.Bytes(0u, 2u, User, User + 0x2000, User + 0x1000, 0ul))),
        ["descriptors outside of memory"] = Case(VhostUserError.RingOutsideMemory, f => Address(f, User + Size, User + 0x2000, User + 0x1000)),
        ["a used ring outside of memory"] = Case(VhostUserError.RingOutsideMemory, f => Address(f, User, User - 0x2000, User + 0x1000)),
        ["an available ring outside of memory"] = Case(VhostUserError.RingOutsideMemory, f => Address(f, User, User + 0x2000, 0)),
        ["descriptors that end beyond memory"] = Case(VhostUserError.RingOutsideMemory, f => Address(f, User + Size - 16, User + 0x2000, User + 0x1000)),
        ["a used ring that ends beyond memory"] = Case(VhostUserError.RingOutsideMemory, f => Address(f, User, User + Size - 68, User + 0x1000)),
        ["descriptors at 2^64 - 16"] = Case(VhostUserError.RingOutsideMemory, f => Address(f, ulong.MaxValue - 15, User + 0x2000, User + 0x1000)),
        ["a ring at guest addresses instead of user addresses"] = Case(VhostUserError.RingOutsideMemory, f => Address(f, Base, Base + 0x2000, Base + 0x1000)),
        ["misaligned descriptors"] = Case(VhostUserError.RingInvalid, f => Address(f, User + 8, User + 0x2000, User + 0x1000)),
        ["a misaligned used ring"] = Case(VhostUserError.RingInvalid, f => Address(f, User, User + 0x2002, User + 0x1000)),
        ["a misaligned available ring"] = Case(VhostUserError.RingInvalid, f => Address(f, User, User + 0x2000, User + 0x1001)),
        ["rings that overlap"] = Case(VhostUserError.RingInvalid, f => Address(f, User, User + 64, User + 0x1000)),
        ["a size for a ring that runs"] = Case(VhostUserError.OutOfOrder, f =>
        {
            f.Start(f.Ring()).Exercise(1, 1);
            f.Front.Send(VhostUserRequest.SetVringSize, FrontEnd.Bytes(0u, 4u));
        }),
        ["a base for a ring that runs"] = Case(VhostUserError.OutOfOrder, f =>
        {
            f.Start(f.Ring()).Exercise(1, 1);
            f.Front.Send(VhostUserRequest.SetVringBase, FrontEnd.Bytes(0u, 4u));
        }),
        ["a packed ring's base beyond the ring"] = Case(VhostUserError.RingInvalid, f =>
        {
            f.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(FrontEnd.BasicFeatures | VhostUserFixture.Packed));
            f.Front.Send(VhostUserRequest.SetVringBase, FrontEnd.Bytes(0u, 0x8008_8008u));
            f.Front.Send(VhostUserRequest.SetVringSize, FrontEnd.Bytes(0u, 8u));
            f.Front.Send(VhostUserRequest.SetVringAddresses, FrontEnd.Bytes(0u, 0u, User, User + 0x2000, User + 0x1000, 0ul));
            f.Front.Send(VhostUserRequest.SetVringKick, FrontEnd.Bytes(0ul), Event(f));
            f.Front.Send(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(0u, 1u));
        }),
        ["a kick without its descriptor"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetVringKick, FrontEnd.Bytes(0ul))),
        ["a kick of two descriptors"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetVringKick, FrontEnd.Bytes(0ul), Event(f), Event(f))),
        ["a kick that says it has none and has one"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetVringKick, FrontEnd.Bytes(0x100ul), Event(f))),
        ["a kick that is a file"] = Case(VhostUserError.DescriptorKindInvalid, f => f.Front.Send(VhostUserRequest.SetVringKick, FrontEnd.Bytes(0ul), f.Guest.Handle)),
        ["a call that is a pipe"] = Case(VhostUserError.DescriptorKindInvalid, f =>
        {
            using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
            f.Front.Send(VhostUserRequest.SetVringCall, FrontEnd.Bytes(0ul), pipe.SafePipeHandle);
        }),
        ["an error event that is a file"] = Case(VhostUserError.DescriptorKindInvalid, f => f.Front.Send(VhostUserRequest.SetVringError, FrontEnd.Bytes(0ul), f.Guest.Handle)),
        ["a kick with bits that mean nothing"] = Case(VhostUserError.ValueInvalid, f => f.Front.Send(VhostUserRequest.SetVringKick, FrontEnd.Bytes(0x1_0000_0000ul), Event(f))),
        ["a kick in 4 bytes"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.SetVringKick, [0, 0, 0, 0], Event(f))),
        ["a ring enabled by 2"] = Case(VhostUserError.ValueInvalid, f => f.Front.Send(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(0u, 2u))),
        ["a ring enabled without protocol features"] = Case(VhostUserError.OutOfOrder, f =>
        {
            f.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(1ul << 32));
            f.Front.Send(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(0u, 1u));
        }),

        // What needs a protocol feature that was not chosen.
        ["the number of queues, unasked for"] = Without(VhostUserRequest.GetQueueCount),
        ["the configuration, unasked for"] = Without(VhostUserRequest.GetConfiguration, FrontEnd.Bytes(0u, 4u, 0u, 0u)),
        ["memory slots, unasked for"] = Without(VhostUserRequest.GetMaxMemorySlots),
        ["a region added, unasked for"] = Without(VhostUserRequest.AddMemoryRegion, One(Base + Size, Size, User + Size)),
        ["a reset, unasked for"] = Without(VhostUserRequest.ResetDevice),
        ["in-flight memory, unasked for"] = Without(VhostUserRequest.GetInFlight, FrontEnd.Bytes(0ul, 0ul, (ushort)1, (ushort)8, 0u)),
        ["a log, unasked for"] = Without(VhostUserRequest.SetLogBase, FrontEnd.Bytes(4096ul, 0ul)),
        ["a back end's channel, unasked for"] = Without(VhostUserRequest.SetBackendRequests),

        // Configuration, log, in-flight memory, the back end's channel.
        ["257 bytes of configuration"] = Case(VhostUserError.ConfigurationInvalid, f => f.Front.Send(VhostUserRequest.GetConfiguration, FrontEnd.Bytes(0u, 257u, 0u, new byte[256]))),
        ["configuration at 2^32 - 1"] = Case(VhostUserError.ConfigurationInvalid, f => f.Front.Send(VhostUserRequest.GetConfiguration, FrontEnd.Bytes(uint.MaxValue, 4u, 0u, 0u))),
        ["configuration of 2^32 - 1 bytes"] = Case(VhostUserError.ConfigurationInvalid, f => f.Front.Send(VhostUserRequest.GetConfiguration, FrontEnd.Bytes(0u, uint.MaxValue, 0u, 0u))),
        ["configuration shorter than it says"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.GetConfiguration, FrontEnd.Bytes(0u, 8u, 0u, 0u))),
        ["configuration without a header"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.GetConfiguration, [0, 0, 0, 0])),
        ["configuration written beyond its end"] = Case(VhostUserError.ConfigurationInvalid, f => f.Front.Send(VhostUserRequest.SetConfiguration, FrontEnd.Bytes(252u, 4u, 0u, 0u))),
        ["configuration written with flags that mean nothing"] = Case(VhostUserError.ValueInvalid, f => f.Front.Send(VhostUserRequest.SetConfiguration, FrontEnd.Bytes(0u, 4u, 2u, 0u))),
        ["a log of no bytes"] = Case(VhostUserError.LogInvalid, f => f.Front.Send(VhostUserRequest.SetLogBase, FrontEnd.Bytes(0ul, 0ul), f.Guest.Handle)),
        ["a log of 2^64 - 8 bytes"] = Case(VhostUserError.LogInvalid, f => f.Front.Send(VhostUserRequest.SetLogBase, FrontEnd.Bytes(ulong.MaxValue - 7, 0ul), f.Guest.Handle)),
        ["a log beyond its file"] = Case(VhostUserError.LogInvalid, f => f.Front.Send(VhostUserRequest.SetLogBase, FrontEnd.Bytes(Size, 8ul), f.Guest.Handle)),
        ["a misaligned log"] = Case(VhostUserError.LogInvalid, f => f.Front.Send(VhostUserRequest.SetLogBase, FrontEnd.Bytes(0x1000ul, 4ul), f.Guest.Handle)),
        ["a log that is an event"] = Case(VhostUserError.LogInvalid, f => f.Front.Send(VhostUserRequest.SetLogBase, FrontEnd.Bytes(0x1000ul, 0ul), Event(f))),
        ["a log that is a file of no memory"] = Case(VhostUserError.LogInvalid, f => Served(f, VhostUserRequest.SetLogBase, FrontEnd.Bytes(Size, 0ul))),
        ["a log without a descriptor"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetLogBase, FrontEnd.Bytes(0x1000ul, 0ul))),
        ["a log too small for the memory"] = Case(VhostUserError.LogInvalid, f =>
        {
            f.Front.Send(VhostUserRequest.SetLogBase, FrontEnd.Bytes(64ul, 0ul), f.Guest.Handle);
            f.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(FrontEnd.BasicFeatures | 1ul << 26));
        }),
        ["a log of memory at 2^52"] = Case(VhostUserError.LogInvalid, f =>
        {
            SetTable(f, FrontEnd.Region(1ul << 52, Size, User));
            f.Front.Send(VhostUserRequest.SetLogBase, FrontEnd.Bytes(Size, 0ul), f.Guest.Handle);
            f.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(FrontEnd.BasicFeatures | 1ul << 26));
        }),
        ["a log's event that is a file"] = Case(VhostUserError.DescriptorKindInvalid, f => f.Front.Send(VhostUserRequest.SetLogEvent, default, f.Guest.Handle)),
        ["in-flight memory for no queue"] = Case(VhostUserError.InFlightInvalid, f => f.Front.Send(VhostUserRequest.GetInFlight, InFlight(0, 8))),
        ["in-flight memory for more queues than there are"] = Case(VhostUserError.InFlightInvalid, f => f.Front.Send(VhostUserRequest.GetInFlight, InFlight(2, 8))),
        ["in-flight memory for queues of no entries"] = Case(VhostUserError.InFlightInvalid, f => f.Front.Send(VhostUserRequest.GetInFlight, InFlight(1, 0))),
        ["in-flight memory for queues of 65535 entries"] = Case(VhostUserError.InFlightInvalid, f => f.Front.Send(VhostUserRequest.GetInFlight, InFlight(1, 65535))),
        ["in-flight memory described in 8 bytes"] = Case(VhostUserError.SizeInvalid, f => f.Front.Send(VhostUserRequest.GetInFlight, new byte[8])),
        ["in-flight memory that is too small"] = Case(VhostUserError.InFlightInvalid, f => f.Front.Send(VhostUserRequest.SetInFlight, InFlight(1, 8, 16), f.Guest.Handle)),
        ["in-flight memory beyond its file"] = Case(VhostUserError.InFlightInvalid, f => f.Front.Send(VhostUserRequest.SetInFlight, InFlight(1, 8, Size, Size), f.Guest.Handle)),
        ["in-flight memory that is an event"] = Case(VhostUserError.InFlightInvalid, f => f.Front.Send(VhostUserRequest.SetInFlight, InFlight(1, 8, 4096), Event(f))),
        ["in-flight memory that is a file of no memory"] = Case(VhostUserError.InFlightInvalid, f => Served(f, VhostUserRequest.SetInFlight, InFlight(1, 8, 4096))),
        ["in-flight memory without a descriptor"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetInFlight, InFlight(1, 8, 4096))),
        ["in-flight memory for smaller rings than there are"] = Case(VhostUserError.InFlightInvalid, f =>
        {
            f.Front.Send(VhostUserRequest.SetInFlight, InFlight(1, 4, 4096, Size / 2), f.Guest.Handle);
            f.Start(f.Ring(size: 8));
        }),
        ["in-flight records of an unknown version"] = Recorded(FrontEnd.Bytes(0ul, (ushort)7, (ushort)8, (ushort)0, (ushort)0)),
        ["in-flight records of another size"] = Recorded(FrontEnd.Bytes(0ul, (ushort)1, (ushort)9, (ushort)0, (ushort)0)),
        ["in-flight records of a batch larger than the ring"] = Recorded(FrontEnd.Bytes(0ul, (ushort)1, (ushort)8, (ushort)0, (ushort)0x8000)),
        ["in-flight records whose batch leaves the ring"] = Recorded(FrontEnd.Bytes(0ul, (ushort)1, (ushort)8, (ushort)9, (ushort)0xFFFF)),
        ["packed records whose chain leaves them"] = RecordedPacked(FrontEnd.Bytes((ushort)0x0001, (ushort)77, (ushort)1, (ushort)2, 0ul)),
        ["packed records whose chain loops"] = RecordedPacked(FrontEnd.Bytes((ushort)0x0001, (ushort)0, (ushort)0, (ushort)5, 0ul)),
        ["packed records of a chain of none"] = RecordedPacked(FrontEnd.Bytes((ushort)0x0001, (ushort)1, (ushort)0, (ushort)0, 0ul)),
        ["packed records whose chain ends elsewhere"] = RecordedPacked(FrontEnd.Bytes((ushort)0x0001, (ushort)1, (ushort)3, (ushort)1, 0ul)),
        ["packed records whose position leaves the ring"] = RecordedPacked(new byte[16], used: 9),
        ["a back end's channel that is a file"] = Case(VhostUserError.DescriptorKindInvalid, f => f.Front.Send(VhostUserRequest.SetBackendRequests, default, f.Guest.Handle)),
        ["a back end's channel without a descriptor"] = Case(VhostUserError.DescriptorCountInvalid, f => f.Front.Send(VhostUserRequest.SetBackendRequests)),
        ["a refusal that is waited for"] = Case(VhostUserError.QueueIndexInvalid, f =>
            f.Front.SendRaw(FrontEnd.Message((uint)VhostUserRequest.SetVringSize, FrontEnd.Bytes(9u, 8u), flags: 1 | NeedReply))),
    };

    private static (VhostUserError Error, Action<VhostUserFixture> Play) Case(VhostUserError error, Action<VhostUserFixture> play) => (error, play);

    private static byte[] One(ulong guest, ulong size, ulong user) => FrontEnd.Bytes(0ul, FrontEnd.Region(guest, size, user));

    private static byte[] InFlight(ushort queues, ushort size, ulong mapSize = 0, ulong offset = 0) => FrontEnd.Bytes(mapSize, offset, queues, size, 0u);

    private static SafeHandle[] Many(VhostUserFixture fixture, int count) => [.. Enumerable.Repeat(fixture.Guest.Handle, count)];

    private static void SetTable(VhostUserFixture fixture, params byte[][] regions) =>
        fixture.Front.Send(VhostUserRequest.SetMemoryTable, FrontEnd.Table(regions), Many(fixture, regions.Length));

    private static SafeFileHandle Event(VhostUserFixture fixture)
    {
        var made = new EventDescriptor();
        fixture.Front.Events.Add(made);
        return made.Handle;
    }

    /// <summary>Sends what can be mapped and is no file in memory, as one would be that the front end serves itself (FUSE) and never answers for. A device, since every system has it.</summary>
    private static void Served(VhostUserFixture fixture, VhostUserRequest request, byte[] payload)
    {
        using SafeFileHandle served = File.OpenHandle("/dev/zero", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        fixture.Front.Send(request, payload, served);
    }

    private static void Address(VhostUserFixture fixture, ulong descriptors, ulong used, ulong available)
    {
        fixture.Front.Send(VhostUserRequest.SetVringSize, FrontEnd.Bytes(0u, 8u));
        fixture.Front.Send(VhostUserRequest.SetVringKick, FrontEnd.Bytes(0ul), Event(fixture));
        fixture.Front.Send(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(0u, 1u));
        fixture.Front.Send(VhostUserRequest.SetVringAddresses, FrontEnd.Bytes(0u, 0u, descriptors, used, available, 0ul));
    }

    private static (VhostUserError Error, Action<VhostUserFixture> Play) Without(VhostUserRequest request, byte[]? payload = null) => Case(VhostUserError.OutOfOrder, fixture =>
    {
        fixture.Front.Send(VhostUserRequest.SetProtocolFeatures, FrontEnd.Bytes(0ul));
        fixture.Front.Send(request, payload ?? [], request is VhostUserRequest.AddMemoryRegion or VhostUserRequest.SetLogBase or VhostUserRequest.SetBackendRequests ? Many(fixture, 1) : []);
    });

    /// <summary>Records of what is in flight in a split ring, as a front end has forged them.</summary>
    private static (VhostUserError Error, Action<VhostUserFixture> Play) Recorded(byte[] header) => Case(VhostUserError.InFlightInvalid, fixture =>
    {
        fixture.Guest.Memory.CopyFrom(Size / 2, header);
        fixture.Front.Send(VhostUserRequest.SetInFlight, InFlight(1, 8, 4096, Size / 2), fixture.Guest.Handle);
        fixture.Start(fixture.Ring());
    });

    /// <summary>The same of a packed ring: entry 0 is forged, no entry is free.</summary>
    private static (VhostUserError Error, Action<VhostUserFixture> Play) RecordedPacked(byte[] record, ushort used = 0) => Case(VhostUserError.InFlightInvalid, fixture =>
    {
        fixture.Guest.Memory.CopyFrom(Size / 2, FrontEnd.Bytes(0ul, (ushort)1, (ushort)8, (ushort)8, (ushort)8, used, used, (ushort)0x0101));
        fixture.Guest.Memory.CopyFrom((Size / 2) + 32, record);
        fixture.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(FrontEnd.BasicFeatures | VhostUserFixture.Packed));
        fixture.Front.Send(VhostUserRequest.SetInFlight, InFlight(1, 8, 4096, Size / 2), fixture.Guest.Handle);
        fixture.Start(fixture.Ring());
    });
}
