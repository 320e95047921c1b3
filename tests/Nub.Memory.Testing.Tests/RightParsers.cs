using System.Buffers.Binary;
using System.Text;
using Nub.Ipc;
using Nub.Virtio;
using static Nub.Memory.Testing.Tests.Content;

namespace Nub.Memory.Testing.Tests;

/// <summary>Parsers that fetch once, or whose second fetch changes nothing.</summary>
internal static class RightParsers
{
    private const uint Most = 32;
    private static readonly string[] s_names = ["zero", "one", "two", "three"];

    public static object? Length_is_read_once(HostSharedMemory memory)
    {
        uint length = memory.Read<uint>(Header);
        if (length > Most)
        {
            throw new InvalidDataException();
        }

        byte[] text = new byte[length];
        memory.CopyTo(Text, text);
        return text;
    }

    public static object? Everything_is_copied_and_parsed(HostSharedMemory memory)
    {
        byte[] copy = new byte[64];
        memory.CopyTo(Header, copy);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(copy);
        return length > Most ? null : Encoding.ASCII.GetString(copy, 16, (int)length);
    }

    public static object? Whole_is_loaded_by_a_view(HostSharedMemory memory)
    {
        Message message = Message.At(memory, Header).Load();
        return message.Length > Most ? null : (message.Length, message.Type, message.Address);
    }

    public static object? Each_field_is_read_once_by_a_view(HostSharedMemory memory)
    {
        Message.View message = Message.At(memory, Header);
        uint length = message.Length;
        return length > Most ? null : (length, message.Type, message.Flags);
    }

    public static object? Lease_is_used_for_several_reads(HostSharedMemory memory)
    {
        using HostLease lease = memory.Enter();
        uint length = Math.Min(lease.Read<uint>(Header), Most);
        byte[] text = new byte[length];
        lease.CopyTo(Text, text);
        return text;
    }

    public static object? View_under_a_lease(HostSharedMemory memory)
    {
        using HostLease lease = memory.Enter();
        return Message.At(in lease, Header).Load().Length;
    }

    public static object? Guest_addresses_are_read_once(HostSharedMemory memory)
    {
        using GuestAddressSpace space = Content.Space(memory);
        Message message = space.Read<Message>(GuestAddress + Header);
        byte[] text = new byte[Math.Min(message.Length, Most)];
        return space.TryCopyTo(GuestAddress + Text, text) ? text : null;
    }

    public static object? Lease_of_guest_addresses(HostSharedMemory memory)
    {
        using GuestAddressSpace space = Content.Space(memory);
        using GuestAddressLease lease = space.Enter();
        return lease.Read<uint>(GuestAddress + Header) + lease.Read<ushort>(GuestAddress + Header + 4);
    }

    public static object? Copy_crosses_two_regions(HostSharedMemory memory)
    {
        using var space = new GuestAddressSpace();
        space.Map(GuestAddress, memory, 0, 4096);
        space.Map(GuestAddress + 4096, memory, 4096, 4096);
        byte[] bytes = new byte[32];
        space.CopyTo(GuestAddress + 4080, bytes);
        return bytes;
    }

    public static object? Forms_that_do_not_throw(HostSharedMemory memory)
    {
        return memory.TryRead(Header, out uint length) && length <= Most ? length : null;
    }

    public static object? Stack_pops_into_a_span(HostSharedMemory memory)
    {
        byte[] element = new byte[64];
        return memory.StackAt(Stack, StackSize).TryPop(element, out int length) ? element[..length] : null;
    }

    public static object? Stack_pops_an_array(HostSharedMemory memory)
    {
        return memory.StackAt(Stack, StackSize).Pop();
    }

    public static object? Stack_pops_twice(HostSharedMemory memory)
    {
        SharedStack stack = memory.StackAt(Stack, StackSize);
        return (stack.Pop(), stack.Pop());
    }

    public static object? Stack_pops_by_a_parser(HostSharedMemory memory)
    {
        return memory.StackAt(Stack, StackSize).Pop(static element => Encoding.ASCII.GetString(element[4..]));
    }

    public static object? Stack_pops_by_a_parser_that_does_not_throw(HostSharedMemory memory)
    {
        bool popped = memory.StackAt(Stack, StackSize).TryPop(
            static (ReadOnlySpan<byte> element, out string? text) =>
            {
                text = Encoding.ASCII.GetString(element[4..]);
                return true;
            },
            out string? text);
        return (popped, text);
    }

    public static object? Stack_is_pushed_to(HostSharedMemory memory)
    {
        return memory.StackAt(Stack, StackSize).TryPush("third"u8);
    }

    public static object? Sequence_lock(HostSharedMemory memory)
    {
        byte[] data = new byte[16];
        uint before;
        do
        {
            before = memory.Read<uint>(Sequence);
            memory.CopyTo(Sequence + 4, data);
        }
        while ((before & 1) != 0 || before != memory.Read<uint>(Sequence));

        return data;
    }

    [Reread(Justification = "It waits until the guest has said the same twice.")]
    public static object? Polling_that_says_so(HostSharedMemory memory)
    {
        uint value = memory.Read<uint>(Indexes + 4);
        for (uint next; (next = memory.Read<uint>(Indexes + 4)) != value; value = next)
        {
        }

        return value;
    }

    public static object? Polling_by_a_property_that_says_so(HostSharedMemory memory)
    {
        var queue = new Queue(memory);
        return (queue.Pending, queue.Pending);
    }

    public static object? Ring_reads_a_record(HostSharedMemory memory)
    {
        SharedRing ring = SharedRing.Open(memory, Content.Ring, RingSize);
        byte[] record = new byte[ring.MaxRecordLength];
        return ring.Consumer.TryRead(record, out int length) ? record[..length] : null;
    }

    public static object? Ring_writes_a_record(HostSharedMemory memory)
    {
        SharedRing ring = SharedRing.Open(memory, Content.Ring, RingSize);
        return ring.Producer.TryWrite("third"u8);
    }

    public static object? Split_queue_takes_a_chain(HostSharedMemory memory)
    {
        return Serve(memory, Content.Queue, VirtioFeatures.Version1);
    }

    public static object? Packed_queue_takes_a_chain(HostSharedMemory memory)
    {
        return Serve(memory, Content.PackedQueue, VirtioFeatures.Version1 | VirtioFeatures.RingPacked);
    }

    public static object? Bytes_that_the_host_wrote_are_read_again(HostSharedMemory memory)
    {
        uint index = memory.Read<uint>(Indexes);
        memory.Write(Indexes, index + 1);
        return (index, memory.Read<uint>(Indexes));
    }

    public static object? Counter_is_moved_by_atomics(HostSharedMemory memory)
    {
        return memory.Add(Indexes, 1u) == memory.Add(Indexes, 0u);
    }

    public static object? Array_is_copied_whole(HostSharedMemory memory)
    {
        var messages = new Message[4];
        memory.ReadArray<Message>(Content.Array, messages);
        return messages.Sum(message => message.Length);
    }

    public static object? Elements_are_read_once_each(HostSharedMemory memory)
    {
        uint sum = 0;
        foreach (Message.View message in Message.ArrayAt(memory, Content.Array, 4))
        {
            sum += message.Length;
        }

        return sum;
    }

    public static object? Value_is_validated_on_its_copy(HostSharedMemory memory)
    {
        return memory.TryReadValidated(Content.Pixel, out Pixel pixel) ? pixel.Color : null;
    }

    public static object? Text_is_copied_and_measured(HostSharedMemory memory)
    {
        Span<byte> text = stackalloc byte[(int)Most];
        memory.CopyTo(Text, text);
        int end = text.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? text : text[..end]);
    }

    public static object? Sum_is_verified_on_the_copy(HostSharedMemory memory)
    {
        byte[] text = new byte[8];
        memory.CopyTo(Text, text);
        return (byte)text.Sum(value => value) == memory.Read<byte>(Checksum) ? text : null;
    }

    public static object? Links_are_followed_by_one_read_each(HostSharedMemory memory)
    {
        uint sum = 0;
        uint at = (uint)List;
        for (int step = 0; step < 8 && at is not 0 and < 256; step++)
        {
            Node node = memory.Read<Node>(at);
            sum += node.Value;
            at = node.Next;
        }

        return sum;
    }

    public static object? Index_of_a_queue_is_read_once(HostSharedMemory memory)
    {
        uint pending = memory.Read<uint>(Indexes + 4) - memory.Read<uint>(Indexes);
        memory.Write(Indexes, 3u);
        return pending;
    }

    public static object? Name_is_looked_up_by_a_private_index(HostSharedMemory memory)
    {
        ushort index = memory.Read<ushort>(Header + 4);
        return index < s_names.Length ? s_names[index] : null;
    }

    public static object? Field_in_network_order(HostSharedMemory memory)
    {
        NetworkHeader.View header = NetworkHeader.At(memory, Network);
        return (header.Length, header.Sequence);
    }

    public static object? What_is_illegal_throws(HostSharedMemory memory)
    {
        uint length = memory.Read<uint>(Header);
        return length > 4 ? throw new InvalidDataException($"{length} is too much") : length;
    }

    public static object? Read_that_leaves_the_memory(HostSharedMemory memory)
    {
        return memory.Read<uint>(Header) + memory.Read<uint>(Size - 3);
    }

    public static object? Length_is_kept_over_an_await(HostSharedMemory memory)
    {
        return ParseAsync().GetAwaiter().GetResult();

        async Task<uint> ParseAsync()
        {
            uint length = memory.Read<uint>(Header);
            await Task.Yield();
            return length > Most ? 0 : length;
        }
    }

    private static object? Serve(HostSharedMemory memory, ulong at, VirtioFeatures features)
    {
        using GuestAddressSpace space = Content.Space(memory);
        VirtQueue queue = VirtQueue.Create(space, Content.Layout(at), features);
        if (!queue.TryTake(out DescriptorChain chain))
        {
            throw new InvalidDataException($"There is no chain: {queue.Error}.");
        }

        byte[] text = new byte[8];
        bool read = chain.Readable.TryCopyTo(text);
        queue.Return(chain, 0);
        return (read, text);
    }

    private sealed class Queue(HostSharedMemory memory)
    {
        [Reread(Justification = "It shows the queue as it is at each moment.")]
        public uint Pending => memory.Read<uint>(Indexes + 4);
    }
}
