using System.Runtime.InteropServices;

namespace Nub.Memory.Tests.Views;

/// <summary>A struct where it stands: its fields, its parts and the whole, by each kind of place.</summary>
public class PlaceTests
{
    private const ulong Offset = Places.Offset;

    [Fact, Reread(Justification = "Nothing else writes; the same bytes are to come by each way to read.")]
    public void A_value_and_its_fields_are_read_and_written_where_they_stand() => Places.Each<Entry, Entry.View>(static (memory, place) =>
    {
        var value = new Entry { Address = 0x1122334455667788, Number = 0xAABBCCDD, Port = 0x1234, Flags = 0x5678, Signed = -2, Long = -3 };
        value.Words[3] = 9;
        value.Parts[2].High = 0x0102;
        place.Store(in value);
        Assert.Equal(0x1122334455667788UL, memory.Read<ulong>(Offset));
        Assert.Equal((ushort)0x3412, memory.Read<ushort>(Offset + 12));
        Assert.Equal(9U, memory.Read<uint>(Offset + 28));
        Assert.Equal((ushort)0x0201, memory.Read<ushort>(Offset + 42));
        Assert.Equal((0UL, 0UL), (memory.Read<ulong>(Offset - 8), memory.Read<ulong>(Offset + 56)));
        Entry read = place.Load();
        Assert.Equal(Bytes(value), Bytes(read));

        Assert.Equal((0x1122334455667788UL, 0xAABBCCDDU, -2), (place.Read<ulong>(0), place.Read<uint>(8), place.Read<int>(44)));
        Assert.Equal(((ushort)0x1234, (ushort)0x3412), (place.ReadBigEndian<ushort>(12), place.Read<ushort>(12)));
        place.Write(8, 7U);
        place.WriteBigEndian<ushort>(12, 0x0A0B);
        place.Write(48, -9L);
        Assert.Equal((7U, (ushort)0x0B0A, -9L), (memory.Read<uint>(Offset + 8), memory.Read<ushort>(Offset + 12), memory.Read<long>(Offset + 48)));
        Assert.Equal((ushort)0x5678, memory.Read<ushort>(Offset + 14));

        SharedPlace<Words> words = place.Field<Words>(16);
        words.Write(4, 5U);
        Assert.Equal((5U, 9U), (memory.Read<uint>(Offset + 20), place.Field<Words>(16).Load()[3]));
        SharedArrayView<uint> elements = place.Elements<uint>(16, 4);
        elements[0] = 3;
        Assert.Equal((4UL, 3U), (elements.Count, memory.Read<uint>(Offset + 16)));
        elements = place.Elements<uint>(16, 4, bigEndian: true);
        elements[1] = 1;
        Assert.Equal(0x0100_0000U, memory.Read<uint>(Offset + 20));
        SharedViews<Part, Part.View> parts = place.Views<Part, Part.View>(32, 3);
        Part.View part = parts[1];
        part.High = 0x0304;
        Assert.Equal((3UL, (ushort)0x0403), (parts.Count, memory.Read<ushort>(Offset + 38)));
        Assert.Equal(
            "Entry { Address = 1234605616436508552, Number = 7, Port = 2571, Flags = 22136, Words = [3, 16777216, 0, 9], Parts = [{ Low = 0, High = 0 }, { Low = 0, High = 772 }, { Low = 0, High = 258 }], "
            + "Signed = -2, Long = -9 }", place.ToString());
    });

    [Fact]
    public void An_atomic_on_a_field_changes_it_and_no_neighbour() => Places.Each<Entry, Entry.View>(static (memory, place) =>
    {
        AtomicField<uint> number = place.Atomic<uint>(8);
        Assert.Equal(0U, number.Exchange(5));
        Assert.Equal((5U, 5U), (number.CompareExchange(7, 4), number.CompareExchange(7, 5)));
        Assert.Equal(9U, number.Add(2));
        Assert.Equal(9U, number.And(3));
        Assert.Equal(1U, number.Or(0x80));
        Assert.Equal(0x81U, memory.Read<uint>(Offset + 8));
        AtomicField<long> last = place.Atomic<long>(48);
        Assert.True(last.TryExchange(-5, out long was));
        Assert.Equal(0, was);
        Assert.True(last.TryCompareExchange(6, -4, out was));
        Assert.Equal(-5, was);
        Assert.True(last.TryCompareExchange(6, -5, out was));
        Assert.True(last.TryAdd(1, out long sum));
        Assert.Equal((-5, 7), (was, sum));
        Assert.True(last.TryAnd(5, out was));
        Assert.True(last.TryOr(8, out long then));
        Assert.Equal((7, 5, 13L), (was, then, memory.Read<long>(Offset + 48)));
        Assert.Equal((0UL, 0U, 0, 0UL), (memory.Read<ulong>(Offset), memory.Read<uint>(Offset + 12), memory.Read<int>(Offset + 44), memory.Read<ulong>(Offset + 56)));
    });

    [Fact]
    public void An_atomic_that_cannot_be_is_refused_and_changes_nothing() => Places.Each<Entry, Entry.View>(static (memory, place) =>
    {
        AtomicField<int> misplaced = place.Atomic<int>(10);
        Assert.False(misplaced.TryAdd(1, out int result));
        Assert.Equal(0, result);
        Assert.Contains("must stand at a multiple of 4", Refusal<ArgumentException, int>(misplaced, static field => field.Add(1)), StringComparison.Ordinal);
        AtomicField<double> wrong = place.Atomic<double>(48);
        Assert.Contains("not of System.Double", Refusal<ArgumentException, double>(wrong, static field => field.Add(1)), StringComparison.Ordinal);
        Assert.Contains("not of System.Double", Refusal<ArgumentException, double>(wrong, static field => field.TryAdd(1, out _)), StringComparison.Ordinal);
        Assert.Equal(-1, Contents(memory).AsSpan().IndexOfAnyExcept((byte)0));
    });

    [Fact]
    public void A_struct_that_is_checked_is_loaded_and_stored_when_it_is_legal() => Places.Each<Checked, Checked.View>(static (memory, place) =>
    {
        var value = new Checked { Length = 77, Last = true, A = 3, B = 0x0102 };
        place.StoreValidated(in value);
        Assert.Equal([77, 0, 0, 0, 1, 3, 1, 2], Contents(memory)[(int)Offset..((int)Offset + 8)]);
        Assert.True(place.TryLoad(out Checked read));
        Assert.Equal((77U, true, (byte)3, (ushort)0x0102), (read.Length, read.Last, read.A, read.B));
        memory.Write<byte>(Offset + 4, 2);
        Assert.False(place.TryLoad(out read));
        Assert.Equal(0U, read.Length);
        Checked illegal = MemoryMarshal.Read<Checked>([1, 0, 0, 0, 2, 0, 0, 0]);
        byte[] before = Contents(memory);
        bool isRefused = false;
        try
        {
            place.StoreValidated(in illegal);
        }
        catch (ArgumentException)
        {
            isRefused = true;
        }

        Assert.True(isRefused);
        Assert.Equal(before, Contents(memory));
    });

    [Theory]
    [InlineData(-1)]
    [InlineData(53)]
    [InlineData(56)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void A_field_that_leaves_its_struct_is_refused(int offset)
    {
        using var pair = new Pair();
        foreach (Action use in (Action[])
        [
            () => Of(pair).Read<uint>(offset), () => Of(pair).Write(offset, 1U), () => Of(pair).ReadBigEndian<uint>(offset), () => Of(pair).WriteBigEndian(offset, 1U),
            () => Of(pair).Field<uint>(offset), () => Of(pair).Atomic<uint>(offset), () => Of(pair).Elements<uint>(offset, 1), () => Of(pair).Views<Part, Part.View>(offset, 1),
        ])
        {
            ArgumentOutOfRangeException refusal = Assert.Throws<ArgumentOutOfRangeException>("fieldOffset", use);
            Assert.Contains($"A field of 4 bytes at offset {offset} leaves", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal(-1, pair.Contents().AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void The_last_field_and_no_element_at_the_end_are_within()
    {
        using var pair = new Pair();
        Of(pair).Write(52, 1U);
        Assert.Equal(1U, pair.Host.Read<uint>(52));
        Assert.Equal(0UL, Of(pair).Elements<uint>(56, 0).Count);
        Assert.Equal(0UL, Of(pair).Views<Part, Part.View>(56, 0).Count);
        Assert.Equal(14UL, Of(pair).Elements<uint>(0, 14).Count);
        foreach (int count in (int[])[-1, 15, int.MinValue, int.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>("fieldOffset", () => Of(pair).Elements<uint>(0, count));
            Assert.Throws<ArgumentOutOfRangeException>("fieldOffset", () => Of(pair).Views<Part, Part.View>(0, count));
        }
    }

    [Fact]
    public void A_default_place_says_so_from_every_member()
    {
        foreach (Action use in (Action[])
        [
            () => default(SharedPlace<Entry>).Load(), () => default(SharedPlace<Entry>).Store(default), () => default(SharedPlace<Entry>).Read<uint>(8), () => default(SharedPlace<Entry>).Write(8, 1U),
            () => default(SharedPlace<Checked>).TryLoad(out _), () => default(SharedPlace<Checked>).StoreValidated(default),
            () => default(SharedPlace<Entry>).Atomic<uint>(8).Add(1), () => default(SharedPlace<Entry>).Atomic<uint>(8).TryAdd(1, out _),
            () => default(SharedArrayView<uint>)[0] = 1, () => default(SharedViews<Part, Part.View>).At(0),
        ])
        {
            Assert.Contains("bound to no memory", Assert.Throws<InvalidOperationException>(use).Message, StringComparison.Ordinal);
        }

        Assert.Equal("Entry (bound to no memory)", default(SharedPlace<Entry>).ToString());
    }

    [Fact]
    public void A_place_dies_with_its_memory_or_lease_and_says_so_as_text()
    {
        using var pair = new Pair();
        HostSharedMemory clone = pair.Host.Clone();
        HostLease lease = pair.Host.Enter();
        SharedPlace<Entry> owned = new(Place.In(clone, 0, 56));
        SharedPlace<Entry> leased = new(Place.In(in lease, 0, 56));
        clone.Dispose();
        lease.Dispose();
        Assert.StartsWith("Entry (", owned.ToString(), StringComparison.Ordinal);
        Assert.Contains("disposed", owned.ToString(), StringComparison.Ordinal);
        Assert.Contains("disposed", leased.ToString(), StringComparison.Ordinal);
        Assert.Contains("disposed", Refusal<ObjectDisposedException, uint>(owned.Atomic<uint>(8), static field => field.TryAdd(1, out _)), StringComparison.Ordinal);
        Assert.Contains("disposed", Refusal<ObjectDisposedException, uint>(leased.Atomic<uint>(8), static field => field.TryAdd(1, out _)), StringComparison.Ordinal);
    }

    private static SharedPlace<Entry> Of(Pair pair) => new(Place.In(pair.Host, 0, 56));

    private static byte[] Bytes(Entry value) => MemoryMarshal.AsBytes(new ReadOnlySpan<Entry>(in value)).ToArray();

    private static byte[] Contents(HostSharedMemory memory)
    {
        byte[] bytes = new byte[memory.Size];
        memory.CopyTo(0, bytes);
        return bytes;
    }

    private delegate void UseAtomic<T>(AtomicField<T> field) where T : unmanaged;

    private static string Refusal<TException, T>(AtomicField<T> field, UseAtomic<T> use) where TException : Exception where T : unmanaged
    {
        try
        {
            use(field);
        }
        catch (TException refusal)
        {
            return refusal.Message;
        }

        Assert.Fail($"No {typeof(TException).Name}.");
        return "";
    }
}
