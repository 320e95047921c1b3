namespace Nub.Memory.Tests.Guest;

[Trait("Kind", "slow")]
public class DirtyBitmapTests
{
    [Fact]
    public void A_range_marks_the_pages_that_it_touches()
    {
        var random = new Random(0x6E7562);
        for (int round = 0; round < 2000; round++)
        {
            ulong start = (ulong)random.Next(0, 40) * 4096;
            int pages = random.Next(1, 300);
            var bitmap = new DirtyBitmap(start, (ulong)pages * 4096);
            var model = new bool[pages];
            for (int mark = 0; mark < 4; mark++)
            {
                ulong address = (ulong)random.NextInt64(0, 400 * 4096);
                ulong length = (ulong)random.NextInt64(0, random.Next(2) == 0 ? 5000 : 300 * 4096);
                bitmap.Mark(address, length);
                for (int page = 0; page < pages; page++)
                {
                    ulong first = start + (ulong)page * 4096;
                    model[page] |= length != 0 && address < first + 4096 && address + length > first;
                }
            }

            ulong[] words = new ulong[bitmap.WordCount];
            bitmap.Read(words);
            Assert.Equal(model, Enumerable.Range(0, pages).Select(page => (words[page / 64] & 1UL << (page % 64)) != 0));
            Assert.Equal(model, Enumerable.Range(0, pages).Select(page => bitmap.IsDirty(start + (ulong)page * 4096 + 4095)));
            Assert.Equal((ulong)model.Count(one => one), bitmap.Take(words));
            Assert.Equal(0UL, bitmap.Take(words));
        }
    }

    [Fact]
    public void A_part_is_taken_and_the_rest_stays()
    {
        var random = new Random(0x6E7562);
        for (int round = 0; round < 2000; round++)
        {
            int pages = random.Next(1, 300);
            ulong start = (ulong)random.Next(0, 40) * 4096;
            var bitmap = new DirtyBitmap(start, (ulong)pages * 4096);
            bool[] model = [.. Enumerable.Range(0, pages).Select(_ => random.Next(3) == 0)];
            for (int page = 0; page < pages; page++)
            {
                bitmap.Mark(start + (ulong)page * 4096, model[page] ? 1UL : 0);
            }

            int first = random.Next(pages + 1);
            int count = random.Next(pages - first + 1);
            ulong[] words = new ulong[(count + 63) / 64];
            Assert.Equal((ulong)model.Skip(first).Take(count).Count(one => one), bitmap.Take(start + (ulong)first * 4096, (ulong)count * 4096, words));
            Assert.Equal(model.Skip(first).Take(count), Enumerable.Range(0, count).Select(page => (words[page / 64] & 1UL << (page % 64)) != 0));
            model.AsSpan(first, count).Clear();
            Assert.Equal(model, Enumerable.Range(0, pages).Select(page => bitmap.IsDirty(start + (ulong)page * 4096)));
        }

        var small = new DirtyBitmap(4096, 3 * 4096);
        Assert.Throws<ArgumentOutOfRangeException>("guestAddress", () => small.Take(0, 4096, new ulong[1]));
        Assert.Throws<ArgumentOutOfRangeException>("guestAddress", () => small.Take(4097, 4096, new ulong[1]));
        Assert.Throws<ArgumentOutOfRangeException>("guestAddress", () => small.Take(8192, 3 * 4096, new ulong[1]));
        Assert.Throws<ArgumentException>("words", () => small.Take(4096, 4096, []));
    }

    [Fact]
    public void The_ends_of_the_address_space_are_within()
    {
        var bitmap = new DirtyBitmap(ulong.MaxValue - 4095, 4096);
        bitmap.Mark(ulong.MaxValue, 1);
        Assert.True(bitmap.IsDirty(ulong.MaxValue));
        bitmap.Clear();
        bitmap.Mark(1, ulong.MaxValue);
        Assert.True(bitmap.IsDirty(ulong.MaxValue));
        bitmap.Clear();
        bitmap.Mark(0, 0);
        bitmap.Mark(0, 4096);
        Assert.False(bitmap.IsDirty(ulong.MaxValue));
        Assert.False(bitmap.IsDirty(0));
    }

    [Fact]
    public void Nothing_that_is_marked_beside_a_take_is_lost()
    {
        const int Pages = 1000;
        var bitmap = new DirtyBitmap(0, Pages * 4096);
        int[] marked = new int[Pages];
        bool done = false;
        var marker = new Thread(() =>
        {
            for (int i = 0; i < 300_000; i++)
            {
                int page = i * 7 % Pages;
                Volatile.Write(ref marked[page], i + 1);
                bitmap.Mark((ulong)page * 4096, 1);
            }

            Volatile.Write(ref done, true);
        });
        marker.Start();
        int[] copied = new int[Pages];
        ulong[] words = new ulong[bitmap.WordCount];
        bool last;
        do
        {
            last = Volatile.Read(ref done);
            bitmap.Take(words);
            for (int page = 0; page < Pages; page++)
            {
                if ((words[page / 64] & 1UL << (page % 64)) != 0)
                {
                    copied[page] = Volatile.Read(ref marked[page]);
                }
            }
        }
        while (!last);
        marker.Join();
        Assert.Equal(marked, copied);
    }

    [Fact]
    public void What_cannot_be_tracked_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("pageSize", () => new DirtyBitmap(0, 4096, 1000));
        Assert.Throws<ArgumentOutOfRangeException>("pageSize", () => new DirtyBitmap(0, 4096, 256));
        Assert.Throws<ArgumentOutOfRangeException>("guestAddress", () => new DirtyBitmap(1, 4096));
        Assert.Throws<ArgumentOutOfRangeException>("length", () => new DirtyBitmap(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>("length", () => new DirtyBitmap(0, 4097));
        Assert.Throws<ArgumentOutOfRangeException>("length", () => new DirtyBitmap(4096, ulong.MaxValue - 4095));
        Assert.Throws<ArgumentException>(() => new DirtyBitmap(0, 65 * 4096).Take(new ulong[1]));
    }
}
