using Microsoft.Win32.SafeHandles;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>Requests in flight when a back end dies: the next one executes them, and each is completed once.</summary>
public sealed class InFlightTests
{
    private const ulong Packed = FrontEnd.BasicFeatures | VhostUserFixture.Packed;

    [Theory]
    [InlineData(FrontEnd.BasicFeatures)]
    [InlineData(Packed)]
    public void What_a_back_end_took_and_did_not_return_is_done_by_the_next(ulong features)
    {
        using var storage = new MemoryStorage(1 << 20);
        var holding = new HoldingDevice(storage);
        using var first = new VhostUserFixture(features, device: holding);
        first.Begin();
        (byte[] description, SafeFileHandle records) = GetRecords(first.Front);
        using (records)
        {
            first.Front.Send(VhostUserRequest.SetInFlight, description, records);
            TestRing ring = first.Start(first.Ring());
            ulong one = ring.Submit(1, 5, 50);
            ulong two = ring.Submit(1, 6, 60);
            ring.Kick.Signal();
            Patience.WaitUntil(() => Volatile.Read(ref holding.Held) == 2);
            first.Front.Dispose();
            Assert.Equal(0xEE, first.Guest.Memory.Read<byte>(one + 16 + 512));

            // Another process, which has nothing but what the front end kept. Twice, since the first one may be killed as well.
            for (int i = 0; i < 2; i++)
            {
                var killed = new HoldingDevice(storage);
                using var backend = new VhostUserBackend(killed);
                using FrontEnd again = Resume(backend, first, ring, description, records);
                Patience.WaitUntil(() => Volatile.Read(ref killed.Held) == 2);
            }

            using var whole = new VhostUserBackend(new BlockDevice(storage));
            using FrontEnd front = Resume(whole, first, ring, description, records);
            ring.WaitForUsed();
            ring.WaitForUsed();
            Assert.Equal(0, first.Guest.Memory.Read<byte>(one + 16 + 512));
            Assert.Equal(0, first.Guest.Memory.Read<byte>(two + 16 + 512));
            byte[] sectors = new byte[1024];
            storage.CopyTo(5 * 512, sectors);
            Assert.All(sectors[..512], value => Assert.Equal(50, value));
            Assert.All(sectors[512..], value => Assert.Equal(60, value));
            for (byte i = 1; i < 20; i++)
            {
                ring.Exercise(i, i);
            }

            Assert.Null(front.Finish());
        }
    }

    [Theory]
    [InlineData(FrontEnd.BasicFeatures)]
    [InlineData(Packed)]
    public void What_was_returned_before_others_that_were_not_is_not_done_again(ulong features)
    {
        using var storage = new MemoryStorage(1 << 20);
        var holding = new HoldingDevice(storage) { Answered = 2 };
        using var first = new VhostUserFixture(features, device: holding);
        first.Begin();
        (byte[] description, SafeFileHandle records) = GetRecords(first.Front);
        using (records)
        {
            first.Front.Send(VhostUserRequest.SetInFlight, description, records);
            TestRing ring = first.Ring();

            // Both before the ring runs: of the two, the second is answered.
            ulong one = ring.Submit(1, 5, 50);
            ulong two = ring.Submit(1, 6, 60);
            first.Start(ring);
            ring.WaitForUsed();
            first.Front.Dispose();
            Assert.Equal(1, holding.Held);
            Assert.Equal(0xEE, first.Guest.Memory.Read<byte>(one + 16 + 512));
            Assert.Equal(0, first.Guest.Memory.Read<byte>(two + 16 + 512));

            using var whole = new VhostUserBackend(new BlockDevice(storage));
            using FrontEnd front = Resume(whole, first, ring, description, records);
            ring.WaitForUsed();
            Assert.Equal(0, first.Guest.Memory.Read<byte>(one + 16 + 512));
            byte[] sectors = new byte[1024];
            storage.CopyTo(5 * 512, sectors);
            Assert.All(sectors[..512], value => Assert.Equal(50, value));
            Assert.All(sectors[512..], value => Assert.Equal(0, value));
            for (byte i = 1; i < 20; i++)
            {
                ring.Exercise(i, i);
            }

            Assert.Null(front.Finish());
        }
    }

    [Theory]
    [InlineData(false, 11u)]
    [InlineData(true, 11u)]
    [InlineData(true, 13u)]
    public void What_was_returned_is_neither_done_again_nor_passed_over_where_the_base_is_another(bool isRecorded, uint wrongBase)
    {
        using var first = new VhostUserFixture();
        first.Begin();
        (byte[] description, SafeFileHandle records) = GetRecords(first.Front);
        using (records)
        {
            if (isRecorded)
            {
                first.Front.Send(VhostUserRequest.SetInFlight, description, records);
            }

            TestRing ring = first.Start(first.Ring());
            for (byte i = 1; i <= 6; i++)
            {
                ring.Exercise(i, i);
            }

            first.Front.Dispose();

            // As QEMU, which sees the back end's end and looks at the used ring while that is still at its last request.
            using var next = new VhostUserBackend(new BlockDevice(first.Storage));
            using FrontEnd front = Resume(next, first, ring, description, isRecorded ? records : null, FrontEnd.Bytes(0u, wrongBase));
            byte[] where = front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
            Assert.Equal((12u, 12), (BitConverter.ToUInt32(where, 4), first.Guest.Memory.Read<ushort>(0x2002)));
            front.Send(VhostUserRequest.SetVringKick, ring.EventMessage, ring.Kick.Handle);
            ring.Exercise(7, 7);
            Assert.Equal(14, first.Guest.Memory.Read<ushort>(0x2002));
            Assert.Null(front.Finish());
        }
    }

    [Fact]
    public void Records_that_are_handed_over_again_are_what_a_ring_goes_by()
    {
        var device = new KeepingDevice();
        using var fixture = new VhostUserFixture(device: device);
        fixture.Begin();
        (byte[] description, SafeFileHandle records) = GetRecords(fixture.Front);
        using (records)
        {
            fixture.Front.Send(VhostUserRequest.SetInFlight, description, records);
            TestRing ring = fixture.Ring();
            _ = ring.Submit(1, 1);
            _ = ring.Submit(1, 2);
            fixture.Start(ring);
            Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 2);
            device.GiveBack(1);
            ring.WaitForUsed();
            fixture.Front.Send(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(0u, 0u));
            fixture.Front.Send(VhostUserRequest.SetInFlight, description, records);
            fixture.Front.Send(VhostUserRequest.SetVringEnable, ring.EnableMessage);
            Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 3);

            // The first of all is dead with the old records.
            device.GiveBack(0);
            device.GiveBack(2);
            ring.WaitForUsed();
            Assert.Equal(0, ring.UsedId);
            _ = ring.Submit(1, 3);
            ring.Kick.Signal();
            Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 4);
            device.GiveBack(3);
            ring.WaitForUsed();
            Assert.Null(fixture.Front.Finish());
        }
    }

    [Fact]
    public void Records_are_as_the_protocol_lays_them_out()
    {
        using var storage = new MemoryStorage(1 << 20);
        var holding = new HoldingDevice(storage);
        using var fixture = new VhostUserFixture(device: holding);
        fixture.Begin();
        (byte[] description, SafeFileHandle records) = GetRecords(fixture.Front);
        using (records)
        {
            fixture.Front.Send(VhostUserRequest.SetInFlight, description, records);
            TestRing ring = fixture.Start(fixture.Ring());
            ring.Submit(1, 5, 50);
            ring.Submit(1, 6, 60);
            ring.Kick.Signal();
            Patience.WaitUntil(() => Volatile.Read(ref holding.Held) == 2);
            using var memory = Nub.Memory.HostSharedMemory.Open(records, 0, BitConverter.ToUInt64(description));
            byte[] bytes = new byte[16 + (8 * 16)];
            memory.CopyTo(0, bytes);

            // Version 1, eight entries; heads 0 and 4 in flight, in this order.
            Assert.Equal(FrontEnd.Bytes(0ul, (ushort)1, (ushort)8, (ushort)0, (ushort)0), bytes[..16]);
            Assert.Equal([1, 0, 0, 0, 1, 0, 0, 0], Enumerable.Range(0, 8).Select(i => (int)bytes[16 + (i * 16)]));
            Assert.True(BitConverter.ToUInt64(bytes, 16 + 8) < BitConverter.ToUInt64(bytes, 16 + (4 * 16) + 8));
        }
    }

    private static (byte[] Description, SafeFileHandle Records) GetRecords(FrontEnd front)
    {
        var handles = new SafeFileHandle?[1];
        front.Send(VhostUserRequest.GetInFlight, FrontEnd.Bytes(0ul, 0ul, (ushort)1, (ushort)8, 0u));
        byte[] description = front.Answer(VhostUserRequest.GetInFlight, handles)!;
        Assert.Equal(24, description.Length);
        return (description, Assert.IsType<SafeFileHandle>(handles[0]));
    }

    private static FrontEnd Resume(VhostUserBackend backend, VhostUserFixture guest, TestRing ring, byte[] description, SafeFileHandle? records, byte[]? baseMessage = null)
    {
        FrontEnd front = FrontEnd.Connect(backend);
        ulong protocol = BitConverter.ToUInt64(front.Ask(VhostUserRequest.GetProtocolFeatures));
        front.Send(VhostUserRequest.SetProtocolFeatures, FrontEnd.Bytes(protocol));
        front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(guest.Features));
        if (records is not null)
        {
            front.Send(VhostUserRequest.SetInFlight, description, records);
        }

        front.Send(VhostUserRequest.SetMemoryTable, VhostUserFixture.WholeTable, guest.Guest.Handle);
        front.Send(VhostUserRequest.SetVringSize, ring.SizeMessage);

        // As QEMU: of a packed ring it cannot know where the dead back end was.
        front.Send(VhostUserRequest.SetVringBase, baseMessage ?? ((guest.Features & VhostUserFixture.Packed) != 0 ? FrontEnd.Bytes(0u, 0x8000_8000u) : ring.BaseMessage));
        front.Send(VhostUserRequest.SetVringAddresses, ring.AddressMessage);
        front.Send(VhostUserRequest.SetVringKick, ring.EventMessage, ring.Kick.Handle);
        front.Send(VhostUserRequest.SetVringCall, ring.EventMessage, ring.Call.Handle);
        front.Send(VhostUserRequest.SetVringEnable, ring.EnableMessage);
        return front;
    }
}
