using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests;

/// <summary>Files into and out of several ranges of guest addresses at once.</summary>
[Trait("Kind", "slow")]
public sealed class GuestTransferTests : IDisposable
{
    private const ulong Page = 4096;

    private readonly GuestAddressSpace _space = new();
    private readonly HostSharedMemory[] _memories = new HostSharedMemory[10];
    private readonly string _path = Path.GetTempFileName();
    private readonly SafeFileHandle _file;
    private readonly byte[] _content = new byte[300_000];

    public GuestTransferTests()
    {
        // Ten memories of two pages: the first eight follow one another, the others stand alone.
        for (int i = 0; i < _memories.Length; i++)
        {
            (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(2 * Page).Build();
            guest.Dispose();
            _memories[i] = host;
            _space.Map(AddressOf(i), host, 0, 2 * Page);
        }

        new Random(1).NextBytes(_content);
        File.WriteAllBytes(_path, _content);
        _file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
    }

    public void Dispose()
    {
        _space.Dispose();
        Array.ForEach(_memories, static one => one.Dispose());
        _file.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void Ranges_of_every_shape_move_as_one()
    {
        var random = new Random(2);
        for (int round = 0; round < 500; round++)
        {
            // More ranges than one system call takes, in some rounds; across regions; several in one page; in more memories than one call holds.
            int count = random.Next(10) == 0 ? random.Next(300, 700) : random.Next(0, 20);
            var ranges = new GuestRange[count];
            ulong total = 0;
            for (int i = 0; i < count; i++)
            {
                ulong address = Page + (ulong)random.NextInt64((long)(14 * Page));
                ranges[i] = random.Next(6) == 0 ? new GuestRange(AddressOf(8 + random.Next(2)) + (ulong)random.Next(4096), (ulong)random.Next(4096)) : new GuestRange(address, (ulong)random.Next(count > 20 ? 40 : 5000));
                total += ranges[i].Length;
            }

            ulong length = random.Next(3) == 0 ? total + 10 : (ulong)random.NextInt64((long)total + 1);
            length = Math.Min(length, 100_000);
            ulong expected = Math.Min(length, total);
            long position = random.Next(100_000);

            // Written first and read back, into ranges that may overlap: what the last one put there counts.
            Assert.True(_space.TryReadFrom(_file, position, ranges, length, out ulong moved));
            Assert.Equal(expected, moved);
            var model = new Dictionary<ulong, byte>();
            Each(ranges, expected, (address, index) => model[address] = _content[position + index]);
            byte[] bytes = new byte[1];
            foreach ((ulong address, byte value) in model.Where((_, i) => i % 7 == 0))
            {
                _space.CopyTo(address, bytes);
                Assert.True(value == bytes[0], $"round {round}, address 0x{address:X}");
            }

            Assert.True(_space.TryWriteTo(_file, 100_000 + position, ranges, length, out moved));
            Assert.Equal(expected, moved);
            byte[] back = new byte[expected];
            RandomAccess.Read(_file, back, 100_000 + position);
            Each(ranges, expected, (address, index) => Assert.True(model[address] == back[index], $"round {round}, byte {index}"));
            RandomAccess.Write(_file, _content, 0);
        }
    }

    [Fact]
    public void A_read_ends_where_the_file_does()
    {
        GuestRange[] ranges = [new(0x1000, 10), new(0x3000, 0), new(0x2000, 10)];
        Assert.True(_space.TryReadFrom(_file, _content.Length - 15, ranges, 100, out ulong moved));
        Assert.Equal(15ul, moved);
        Assert.True(_space.TryReadFrom(_file, _content.Length, ranges, 100, out moved));
        Assert.Equal(0ul, moved);
    }

    [Fact]
    public void What_is_not_mapped_is_refused_before_anything_moves()
    {
        GuestRange[][] wrong =
        [
            [new(0x1000, 10), new(AddressOf(8) - 1, 2)], [new(0x1000, 10), new(ulong.MaxValue - 5, 10)], [new(0x1000, ulong.MaxValue), new(0x1000, ulong.MaxValue)],
            [new(AddressOf(7) + (2 * Page) - 5, 10)],
        ];
        foreach (GuestRange[] ranges in wrong)
        {
            Assert.False(_space.TryReadFrom(_file, 0, ranges, ulong.MaxValue, out ulong moved));
            Assert.Equal(0ul, moved);
            Assert.False(_space.TryWriteTo(_file, 0, ranges, ulong.MaxValue, out moved));
            Assert.Equal(0ul, moved);
        }

        byte[] after = new byte[16];
        _space.CopyTo(0x1000, after);
        Assert.Equal(new byte[16], after);

        // What the length leaves out is not looked at.
        Assert.True(_space.TryReadFrom(_file, 0, [new(0x1000, 10), new(0, 10)], 10, out ulong some));
        Assert.Equal(10ul, some);
    }

    [Fact]
    public void Pages_that_were_read_into_are_marked()
    {
        var bitmap = new DirtyBitmap(0, 64 * Page);
        _space.TrackWrites(bitmap);
        Assert.True(_space.TryReadFrom(_file, 0, [new(0x2FFF, 2), new(0x8000, 1)], 100, out _));
        Assert.True(_space.TryWriteTo(_file, 0, [new(0x5000, 10)], 100, out _));
        Assert.Equal([2ul, 3ul, 8ul], Enumerable.Range(0, 64).Select(static page => (ulong)page).Where(page => bitmap.IsDirty(page * Page)));
    }

    [SkippableFact]
    public void A_pipe_gives_and_takes_the_next_bytes()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Files without positions are read and written on Linux only.");
        using var server = new AnonymousPipeServerStream(PipeDirection.Out);
        using var client = new AnonymousPipeClientStream(PipeDirection.In, server.ClientSafePipeHandle);
        using var write = new SafeFileHandle(server.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        using var read = new SafeFileHandle(client.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        _space.CopyFrom(0x1000, "hello, "u8);
        _space.CopyFrom(0x2000, "world"u8);
        Assert.True(_space.TryWriteTo(write, 0, [new(0x1000, 7), new(0x2000, 5)], 100, out ulong moved));
        Assert.Equal(12ul, moved);
        Assert.True(_space.TryReadFrom(read, 0, [new(0x3000, 5), new(0x4000, 7)], 12, out moved));
        Assert.Equal(12ul, moved);
        byte[] end = new byte[7];
        _space.CopyTo(0x4000, end);
        Assert.Equal(", world"u8.ToArray(), end);
    }

    [SkippableTheory]
    [InlineData("unmapped")]
    [InlineData("read-only")]
    public void Ranges_that_another_thread_changes_meanwhile_end_the_move_where_they_are_wrong(string what)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Files without positions are read and written on Linux only.");
        const int AtOnce = 256;
        (HostSharedMemory host, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(Page).Build();
        using System.Runtime.InteropServices.SafeHandle file = host.DuplicateHandle();
        using HostSharedMemory readOnly = HostSharedMemory.Open(file, 0, Page, SharedMemoryAccess.Read);
        guest.Dispose();
        host.Dispose();
        _space.Map(0x100_0000, readOnly, 0, Page);
        using var server = new AnonymousPipeServerStream(PipeDirection.Out);
        using var client = new AnonymousPipeClientStream(PipeDirection.In, server.ClientSafePipeHandle);
        using var read = new SafeFileHandle(client.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        GuestRange[] ranges = [.. Enumerable.Range(0, AtOnce + 10).Select(i => new GuestRange(Page + ((ulong)i * 8), 8))];
        (bool Result, ulong Moved) result = default;
        Task move = Task.Factory.StartNew(
            () => result = (_space.TryReadFrom(read, 0, ranges, ulong.MaxValue, out ulong moved), moved), TaskCreationOptions.LongRunning);

        // When the first byte is there, the ranges have been judged; and no call takes more than so many.
        server.Write([7]);
        Patience.WaitUntil(() => _space.Read<byte>(Page) == 7);
        for (int i = AtOnce; i < ranges.Length; i++)
        {
            ranges[i] = new GuestRange(what == "unmapped" ? 0x200_0000ul : 0x100_0000ul, 8);
        }

        server.Write(new byte[(AtOnce * 8) - 1 + 80]);
        server.Dispose();
        move.GetAwaiter().GetResult();
        Assert.Equal((false, AtOnce * 8ul), result);
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_an_exception()
    {
        using SafeFileHandle readOnly = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Exception refused = Assert.ThrowsAny<Exception>(() => _space.TryWriteTo(readOnly, 0, [new(0x1000, 10)], 10, out _));

        // Windows refuses access, Linux the descriptor.
        Assert.True(refused is IOException or UnauthorizedAccessException, refused.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => _space.TryWriteTo(_file, -1, [new(0x1000, 10)], 10, out _));
        Assert.Throws<ArgumentNullException>(() => _space.TryWriteTo(null!, 0, [new(0x1000, 10)], 10, out _));
        readOnly.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _space.TryReadFrom(readOnly, 0, [new(0x1000, 10)], 10, out _));

        // The memories were let go of: each can be released.
        _space.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _space.TryReadFrom(_file, 0, [new(0x1000, 10)], 10, out _));
    }

    [SkippableFact]
    public void Bytes_that_are_gone_are_an_answer()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only on Linux can a peer shorten a file that is mapped.");
        string path = Path.GetTempFileName();
        using (SafeFileHandle shared = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(shared, 4 * 4096);
            using HostSharedMemory memory = HostSharedMemory.Open(shared, 0, 4 * Page, SharedMemoryAccess.ReadWrite, allowUnsealed: true);
            _space.Map(0x100_0000, memory, 0, 4 * Page);
            RandomAccess.SetLength(shared, 2 * 4096);
            GuestRange[] ranges = [new(0x100_0000 + Page, Page), new(0x100_0000 + (3 * Page), Page)];
            Assert.False(_space.TryReadFrom(_file, 0, ranges, 2 * Page, out ulong moved));
            Assert.Equal(Page, moved);
            Assert.False(_space.TryWriteTo(_file, 0, ranges, 2 * Page, out moved));
            Assert.Equal(Page, moved);
            Assert.True(_space.TryReadFrom(_file, 0, [new(0x1000, 10)], 10, out _));
        }

        File.Delete(path);
    }

    private static ulong AddressOf(int memory) => memory < 8 ? Page + ((ulong)memory * 2 * Page) : 0x10_0000 + ((ulong)memory * 0x1_0000);

    private static void Each(GuestRange[] ranges, ulong length, Action<ulong, int> visit)
    {
        int index = 0;
        foreach (GuestRange range in ranges)
        {
            for (ulong i = 0; i < range.Length && index < (int)length; i++)
            {
                visit(range.Address + i, index++);
            }
        }
    }
}
