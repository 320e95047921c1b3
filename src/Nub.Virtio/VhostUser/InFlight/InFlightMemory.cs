using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// The memory in which requests in flight are recorded, so that they outlive this process: made here, kept by the front end, and given to the back end that serves the device next.
/// It is the front end's to write as well.
/// </summary>
internal sealed class InFlightMemory : IDisposable
{
    // Each queue's records begin on a cache line of their own.
    private const ulong Alignment = 64;

    private InFlightMemory(HostSharedMemory memory, int queueCount, int queueSize)
    {
        Memory = memory;
        QueueCount = queueCount;
        QueueSize = queueSize;
    }

    public HostSharedMemory Memory { get; }

    public int QueueCount { get; }

    /// <summary>The number of entries that each queue has.</summary>
    public int QueueSize { get; }

    /// <summary>Makes the memory for so many queues, of either format.</summary>
    public static InFlightMemory Create(int queueCount, int queueSize)
    {
        ulong page = (ulong)Environment.SystemPageSize;
        ulong size = (SizeOf(queueCount, queueSize, VirtQueueFormat.Packed) + page - 1) / page * page;
        (HostSharedMemory host, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(size).Build();
        guest.Dispose();
        return new InFlightMemory(host, queueCount, queueSize);
    }

    /// <summary>Takes the memory that the front end has kept.</summary>
    public static InFlightMemory Open(MessageReader message, in InFlightDescription description, SafeFileHandle file, bool allowUnsealed)
    {
        // Of more than the larger format takes, the rest is nothing to us.
        ulong needed = SizeOf(description.QueueCount, description.QueueSize, VirtQueueFormat.Split);
        ulong most = SizeOf(description.QueueCount, description.QueueSize, VirtQueueFormat.Packed);
        if (description.MapSize < needed || description.MapOffset > long.MaxValue || description.MapOffset % sizeof(ulong) != 0)
        {
            throw message.Refusal(VhostUserError.InFlightInvalid,
                $"{description.MapSize} bytes at {description.MapOffset} for {description.QueueCount} queues of {description.QueueSize}; these need {needed}, at a multiple of 8.", description.MapSize, needed);
        }

        HostSharedMemory memory = message.OpenMemory(
            file, description.MapOffset, Math.Min(description.MapSize, most), allowUnsealed, "the memory for requests in flight", VhostUserError.InFlightInvalid, VhostUserError.InFlightInvalid);
        return new InFlightMemory(memory, description.QueueCount, description.QueueSize);
    }

    /// <summary>A descriptor of the memory, to be sent.</summary>
    public SafeHandle DuplicateHandle() => Memory.DuplicateHandle();

    /// <summary>Where a queue's records begin.</summary>
    public ulong OffsetOf(int queue, VirtQueueFormat format) => (ulong)queue * Stride(QueueSize, format);

    /// <summary>Whether there is room for the records of queues of a format.</summary>
    public bool HasRoom(VirtQueueFormat format) => Memory.Size >= SizeOf(QueueCount, QueueSize, format);

    public void Dispose() => Memory.Dispose();

    private static ulong SizeOf(int queueCount, int queueSize, VirtQueueFormat format) => (ulong)queueCount * Stride(queueSize, format);

    private static ulong Stride(int queueSize, VirtQueueFormat format)
    {
        ulong size = format == VirtQueueFormat.Split
            ? (ulong)SplitRecordsHeader.Layout.Size + ((ulong)queueSize * (ulong)SplitRecord.Layout.Size)
            : (ulong)PackedRecordsHeader.Layout.Size + ((ulong)queueSize * (ulong)PackedRecord.Layout.Size);
        return (size + Alignment - 1) / Alignment * Alignment;
    }
}
