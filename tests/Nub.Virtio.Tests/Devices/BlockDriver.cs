using System.Buffers.Binary;

namespace Nub.Virtio.Tests;

/// <summary>Block requests as a driver makes them, right ones and wrong ones, one at a time.</summary>
internal sealed class BlockDriver : IDisposable
{
    public const uint Read = 0;
    public const uint Write = 1;
    public const uint Flush = 4;
    public const uint GetId = 8;
    public const uint Discard = 11;
    public const uint WriteZeroes = 13;

    public const byte NoStatus = 0xEE;

    public BlockDriver(BlockDevice device, VirtQueueFormat format, VirtioFeatures features = VirtioFeatures.IndirectDescriptors)
    {
        Device = device;
        Driver = TestDriver.Create(Memory, format, 64, features | QueueTests.Of(format));
        Queue = Driver.CreateQueue();
    }

    public BlockDevice Device { get; }

    public TestMemory Memory { get; } = new();

    public TestDriver Driver { get; }

    public VirtQueue Queue { get; }

    public ulong Header => Driver.Data;

    public ulong Status => Driver.Data + 64;

    public ulong Data => Driver.Data + 4096;

    public uint LastWritten { get; private set; }

    /// <summary>One request whose data, if any, are in one buffer.</summary>
    public byte Request(uint type, ulong sector, uint length, bool isWritable) =>
        Send(Head(type, sector), length == 0 ? [] : [new DriverBuffer(Data, length, isWritable)]);

    public byte ReadData(ulong sector, Span<byte> data)
    {
        byte status = Request(Read, sector, (uint)data.Length, true);
        Memory[Data, data.Length].CopyTo(data);
        return status;
    }

    public byte WriteData(ulong sector, ReadOnlySpan<byte> data)
    {
        Memory.Write(Data, data);
        return Request(Write, sector, (uint)data.Length, false);
    }

    /// <summary>A discard or a write of zeroes.</summary>
    public byte Ranges(uint type, params (ulong Sector, uint Count, uint Flags)[] ranges)
    {
        for (int i = 0; i < ranges.Length; i++)
        {
            Memory.Write(Data + 16 * (ulong)i, ranges[i].Sector);
            Memory.Write(Data + 16 * (ulong)i + 8, ranges[i].Count | (ulong)ranges[i].Flags << 32);
        }

        return Request(type, 0, 16 * (uint)ranges.Length, false);
    }

    public static byte[] Head(uint type, ulong sector)
    {
        byte[] header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        return header;
    }

    public byte Send(byte[] header, DriverBuffer[] data)
    {
        Memory.Write(Header, header);
        return Send([new DriverBuffer(Header, (uint)header.Length), .. data, new DriverBuffer(Status, 1, true)]);
    }

    /// <summary>A request of any shape.</summary>
    public byte Send(params DriverBuffer[] buffers)
    {
        Memory.Write(Status, NoStatus);
        ushort id = Driver.Add(buffers);
        Device.Process(0, Queue);
        Assert.Equal(VirtQueueError.None, Queue.Error);
        Assert.True(Driver.TryGetUsed(out ushort used, out uint written));
        Assert.Equal(id, used);
        LastWritten = written;
        return Memory.Read<byte>(Status);
    }

    /// <summary>The device writes and reads a sector as ever.</summary>
    public void AssertAlive()
    {
        byte[] data = new byte[1024];
        if (!((VirtioFeatures)Device.DeviceFeatures).HasFlag((VirtioFeatures)(1 << 5)))
        {
            new Random(1).NextBytes(data);
            Assert.Equal(0, WriteData(2, data));
            byte[] back = new byte[1024];
            Assert.Equal(0, ReadData(2, back));
            Assert.Equal(data, back);
        }
        else
        {
            Assert.Equal(0, ReadData(2, data));
        }

        Assert.Equal(1025u, LastWritten);
    }

    public void Dispose() => Memory.Dispose();
}
