using System.Text;
using static Nub.Memory.Testing.Tests.Content;

#pragma warning disable NUB0010, NUB0011 // Each is wrong on purpose: they are what is to be caught.

namespace Nub.Memory.Testing.Tests;

/// <summary>
/// Parsers that fetch twice, after incidents of the field: a length, a count or an address is judged and then read again. The line of each read
/// that a failure has to name says so.
/// </summary>
internal static class WrongParsers
{
    private const uint Most = 32;
    private static readonly string[] s_names = ["zero", "one", "two", "three"];

    public static object? Length_is_checked_and_read_again(HostSharedMemory memory)
    {
        if (memory.Read<uint>(Header) > Most) // first
        {
            throw new InvalidDataException();
        }

        byte[] text = new byte[memory.Read<uint>(Header)]; // second
        memory.CopyTo(Text, text);
        return text;
    }

    public static object? Count_is_read_again_by_each_turn_of_the_loop(HostSharedMemory memory)
    {
        int sum = 0;
        for (uint index = 0; index < memory.Read<uint>(Header); index++) // first, second
        {
            sum += memory.Read<byte>(Text + index);
        }

        return sum;
    }

    public static object? Header_is_copied_whole_after_its_length_was_read(HostSharedMemory memory)
    {
        uint length = memory.Read<uint>(Header); // first
        if (length > Most)
        {
            throw new InvalidDataException();
        }

        byte[] whole = new byte[16 + length];
        memory.CopyTo(Header, whole); // second
        return Encoding.ASCII.GetString(whole, 16, BitConverter.ToInt32(whole));
    }

    public static object? Index_is_checked_and_read_again(HostSharedMemory memory)
    {
        if (memory.Read<ushort>(Header + 4) >= s_names.Length) // first
        {
            return null;
        }

        return s_names[memory.Read<ushort>(Header + 4)]; // second
    }

    public static object? Address_is_checked_and_read_again(HostSharedMemory memory)
    {
        if (memory.Read<ulong>(Header + 8) > Size - 4) // first
        {
            return null;
        }

        return memory.Read<uint>(memory.Read<ulong>(Header + 8)); // second
    }

    public static object? Type_is_read_again_by_the_switch(HostSharedMemory memory)
    {
        if (memory.Read<ushort>(Header + 4) is not (1 or 2)) // first
        {
            return null;
        }

        switch (memory.Read<ushort>(Header + 4)) // second
        {
            case 1:
                return "a write";
            case 2:
                return "a read";
            default:
                throw new InvalidOperationException("Cannot be: it was checked.");
        }
    }

    public static object? Length_is_read_again_under_a_lease(HostSharedMemory memory)
    {
        using HostLease lease = memory.Enter();
        if (lease.Read<uint>(Header) > Most) // first
        {
            return null;
        }

        return lease.Read<uint>(Header); // second
    }

    public static object? Length_is_read_again_by_a_view(HostSharedMemory memory)
    {
        Message.View message = Message.At(memory, Header);
        if (message.Length > Most) // first
        {
            return null;
        }

        return message.Length; // second
    }

    public static object? Length_is_read_again_by_a_view_under_a_lease(HostSharedMemory memory)
    {
        using HostLease lease = memory.Enter();
        Message.View message = Message.At(in lease, Header);
        if (message.Length > Most) // first
        {
            return null;
        }

        return new string('x', (int)message.Length); // second
    }

    public static object? Length_is_read_again_by_guest_address(HostSharedMemory memory)
    {
        using GuestAddressSpace space = Content.Space(memory);
        if (space.Read<uint>(GuestAddress + Header) > Most) // first
        {
            return null;
        }

        return space.Read<uint>(GuestAddress + Header); // second
    }

    public static object? Length_is_read_again_by_a_lease_of_guest_addresses(HostSharedMemory memory)
    {
        using GuestAddressSpace space = Content.Space(memory);
        using GuestAddressLease lease = space.Enter();
        if (lease.Read<uint>(GuestAddress + Header) > Most) // first
        {
            return null;
        }

        return lease.Read<uint>(GuestAddress + Header); // second
    }

    public static object? Length_is_read_again_by_forms_that_do_not_throw(HostSharedMemory memory)
    {
        if (!memory.TryRead(Header, out uint length) || length > Most) // first
        {
            return null;
        }

        return memory.TryRead(Header, out uint again) ? again : null; // second
    }

    public static object? Pop_reads_its_prefix_again_with_the_body(HostSharedMemory memory)
    {
        ulong top = memory.Read<ulong>(Stack);
        ulong start = memory.Read<ulong>(Stack + top - 8);
        uint length = memory.Read<uint>(Stack + start); // first
        if (length > top - 8 - start - 4)
        {
            return null;
        }

        byte[] element = new byte[length + 4];
        memory.CopyTo(Stack + start, element); // second
        return Encoding.ASCII.GetString(element, 4, BitConverter.ToInt32(element));
    }

    public static object? Pointer_of_a_stack_is_checked_and_read_again(HostSharedMemory memory)
    {
        if (memory.Read<ulong>(Stack) is < 16 or > StackSize) // first
        {
            return null;
        }

        return memory.Read<ulong>(Stack + memory.Read<ulong>(Stack) - 8); // second
    }

    public static object? Field_is_read_again_after_the_whole_was_loaded(HostSharedMemory memory)
    {
        Message.View view = Message.At(memory, Header);
        Message message = view.Load(); // first
        if (message.Address > 100)
        {
            return null;
        }

        return view.Address; // second
    }

    public static object? Whole_is_loaded_after_a_field_was_judged(HostSharedMemory memory)
    {
        Message.View view = Message.At(memory, Header);
        if (view.Type != 1) // first
        {
            return null;
        }

        return view.Load().Type; // second
    }

    public static object? Element_of_an_array_is_read_again(HostSharedMemory memory)
    {
        int sum = 0;
        foreach (Message.View message in Message.ArrayAt(memory, Content.Array, 4))
        {
            if (message.Length < Most) // first
            {
                sum += (int)message.Length; // second
            }
        }

        return sum;
    }

    public static object? Elements_are_copied_and_one_is_read_again(HostSharedMemory memory)
    {
        var messages = new Message[4];
        memory.ReadArray<Message>(Content.Array, messages); // first
        uint total = (uint)messages.Sum(message => message.Length);
        return total > 100 ? null : memory.Read<uint>(Content.Array + 16); // second
    }

    public static object? One_bit_of_the_flags_is_read_again(HostSharedMemory memory)
    {
        string result = "";
        if ((memory.Read<ushort>(Header + 6) & 1) != 0) // first
        {
            result += "begin ";
        }

        if ((memory.Read<ushort>(Header + 6) & 1) != 0) // second
        {
            result += "end";
        }

        return result;
    }

    public static object? Text_is_measured_and_copied(HostSharedMemory memory)
    {
        ulong length = 0;
        while (length < Most && memory.Read<byte>(Text + length) != 0) // first
        {
            length++;
        }

        byte[] text = new byte[length];
        memory.CopyTo(Text, text); // second
        return text;
    }

    public static object? Sum_is_verified_in_place_and_the_bytes_are_copied(HostSharedMemory memory)
    {
        byte sum = 0;
        for (ulong at = 0; at < 8; at++)
        {
            sum += memory.Read<byte>(Text + at); // first
        }

        byte[] text = new byte[8];
        memory.CopyTo(Text, text); // second
        return sum == memory.Read<byte>(Checksum) ? text : null;
    }

    public static object? Characters_are_judged_in_one_copy_and_taken_from_another(HostSharedMemory memory)
    {
        Span<byte> text = stackalloc byte[8];
        memory.CopyTo(Text, text); // first
        if (text.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            return null;
        }

        memory.CopyTo(Text, text); // second
        return Encoding.Latin1.GetString(text);
    }

    public static object? Validated_value_is_read_again_without_a_check(HostSharedMemory memory)
    {
        if (!memory.TryReadValidated(Content.Pixel, out Pixel _)) // first
        {
            return null;
        }

        return (Color)memory.Read<byte>(Content.Pixel); // second
    }

    public static object? Link_is_checked_and_followed_by_another_read(HostSharedMemory memory)
    {
        uint sum = 0;
        uint at = (uint)List;
        for (int step = 0; step < 8; step++)
        {
            sum += memory.Read<uint>(at + 4);
            if (memory.Read<uint>(at) is 0 or > 256) // first
            {
                break;
            }

            at = memory.Read<uint>(at); // second
        }

        return sum;
    }

    public static object? Lengths_are_added_up_and_read_again_by_the_copies(HostSharedMemory memory)
    {
        uint total = 0;
        for (uint index = 0; index < 4; index++)
        {
            total += memory.Read<uint>(Content.Array + (index * 16)); // first
        }

        byte[] all = new byte[total];
        int filled = 0;
        for (uint index = 0; index < 4; index++)
        {
            int length = (int)memory.Read<uint>(Content.Array + (index * 16)); // second
            memory.CopyTo(Text, all.AsSpan(filled, length));
            filled += length;
        }

        return all;
    }

    public static object? Index_of_a_queue_is_compared_and_read_again(HostSharedMemory memory)
    {
        uint seen = memory.Read<uint>(Indexes);
        if (memory.Read<uint>(Indexes + 4) == seen) // first
        {
            return null;
        }

        return memory.Read<uint>(Indexes + 4) - seen; // second
    }

    public static object? Half_of_a_value_is_judged_and_then_the_whole_is_read(HostSharedMemory memory)
    {
        if (memory.Read<uint>(Header + 8) > 1000) // first
        {
            return null;
        }

        return memory.Read<ulong>(Header + 8); // second
    }

    public static object? Value_at_an_odd_address_is_read_twice(HostSharedMemory memory)
    {
        if (memory.Read<uint>(Text + 1) == 0) // first
        {
            return null;
        }

        return memory.Read<uint>(Text + 1); // second
    }

    public static object? Address_to_write_to_is_checked_and_read_again(HostSharedMemory memory)
    {
        if (memory.Read<ulong>(Header + 8) < 1000) // first
        {
            _ = memory.TryWrite(memory.Read<ulong>(Header + 8), 0xABu); // second
        }

        return null;
    }

    public static object? One_method_checks_and_another_uses(HostSharedMemory memory)
    {
        return IsGood(memory) ? Use(memory) : null;

        static bool IsGood(HostSharedMemory memory)
        {
            return memory.Read<uint>(Header) <= Most; // first
        }

        static object? Use(HostSharedMemory memory)
        {
            return memory.Read<uint>(Header) * 2; // second
        }
    }

    public static object? Length_is_read_again_after_an_await(HostSharedMemory memory)
    {
        return ParseAsync().GetAwaiter().GetResult();

        async Task<uint> ParseAsync()
        {
            uint length = memory.Read<uint>(Header); // first
            await Task.Yield();
            return length > Most ? 0 : memory.Read<uint>(Header); // second
        }
    }

    public static object? Number_of_segments_is_read_again_after_the_request_was_copied(HostSharedMemory memory)
    {
        Message request = memory.Read<Message>(Content.Array); // first
        if (request.Length > 4)
        {
            return null;
        }

        uint sum = 0;
        uint segments = Message.At(memory, Content.Array).Length; // second
        for (uint index = 0; index < segments; index++)
        {
            sum += (uint)index + request.Type;
        }

        return sum;
    }

    public static object? Field_in_network_order_is_read_again(HostSharedMemory memory)
    {
        NetworkHeader.View header = NetworkHeader.At(memory, Network);
        if (header.Length > Most) // first
        {
            return null;
        }

        return header.Length; // second
    }

    public static object? Stack_is_asked_whether_it_is_empty_before_it_is_popped(HostSharedMemory memory)
    {
        SharedStack stack = memory.StackAt(Stack, StackSize);
        if (stack.IsEmpty) // first
        {
            throw new InvalidDataException("nothing there");
        }

        return stack.Pop(); // second
    }
}
