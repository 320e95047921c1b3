using System.IO.Pipes;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests.Access;

/// <summary>A file's bytes straight into a memory, and a memory's into a file: as many as there are, at their places, and the memory has no user left inside afterwards.</summary>
public sealed class FileTransferTests : IDisposable
{
    private readonly Pair _pair = new(2);
    private readonly string _path = Path.GetTempFileName();
    private readonly byte[] _content = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 7 + i / 251))];

    public FileTransferTests() => File.WriteAllBytes(_path, _content);

    public void Dispose()
    {
        _pair.Dispose();
        File.Delete(_path);
    }

    [Theory]
    [InlineData(0, 0, 1000, 1000)]
    [InlineData(0, 100, 0, 0)]
    [InlineData(3, 100, 500, 500)]
    [InlineData(900, 1, 500, 100)]
    [InlineData(1000, 0, 8, 0)]
    [InlineData(5000, 0, 8, 0)]
    public void What_the_file_has_from_the_position_on_is_read(long position, int offset, int length, int moved)
    {
        using (SafeFileHandle file = File.OpenHandle(_path))
        {
            Assert.Equal((ulong)moved, _pair.Host.ReadFrom(file, position, (ulong)offset, (ulong)length));
            AssertRead();
            _pair.Host.Zero();
            Assert.True(_pair.Host.TryReadFrom(file, position, (ulong)offset, (ulong)length, out ulong tried));
            Assert.Equal((ulong)moved, tried);
            AssertRead();
        }

        void AssertRead()
        {
            byte[] expected = new byte[_pair.Size];
            _content.AsSpan((int)Math.Min(position, 1000), moved).CopyTo(expected.AsSpan(offset));
            Assert.Equal(expected, _pair.Contents());
        }
    }

    [Theory]
    [InlineData(0, 0, 1000)]
    [InlineData(3, 100, 500)]
    [InlineData(1500, 7, 5000)]
    public void What_is_written_stands_at_the_position_and_the_rest_as_it_was(long position, int offset, int length)
    {
        byte[] model = _pair.FillWithPattern(9);
        byte[] expected = new byte[Math.Max(_content.Length, (int)position + length)];
        _content.CopyTo(expected, 0);
        model.AsSpan(offset, length).CopyTo(expected.AsSpan((int)position));
        using (SafeFileHandle file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite))
        {
            Assert.Equal((ulong)length, _pair.Host.WriteTo(file, position, (ulong)offset, (ulong)length));
            Assert.True(_pair.Host.TryWriteTo(file, position, (ulong)offset, (ulong)length, out ulong moved));
            Assert.Equal((ulong)length, moved);
        }

        Assert.Equal(expected, File.ReadAllBytes(_path));
        Assert.Equal(model, _pair.Contents());
    }

    [Fact]
    public void A_wrong_argument_is_refused_before_anything_is_moved_and_leaves_no_lease()
    {
        using SafeFileHandle file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        foreach (Func<SafeFileHandle, long, ulong> move in (Func<SafeFileHandle, long, ulong>[])
        [
            (file, position) => _pair.Host.ReadFrom(file, position, 0, 8), (file, position) => _pair.Host.WriteTo(file, position, 0, 8),
            (file, position) => _pair.Host.TryReadFrom(file, position, 0, 8, out ulong moved) ? moved : 0, (file, position) => _pair.Host.TryWriteTo(file, position, 0, 8, out ulong moved) ? moved : 0,
        ])
        {
            Assert.Throws<ArgumentNullException>("file", () => move(null!, 0));
            Assert.Throws<ArgumentOutOfRangeException>("position", () => move(file, -1));
            _pair.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => move(file, 0)));
            Assert.Equal("2 owners, 0 leases", _pair.Host.Live.DescribeUsers());
        }
    }

    [Fact]
    public void A_file_that_cannot_be_read_or_written_says_so()
    {
        using SafeFileHandle read = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using SafeFileHandle write = File.OpenHandle(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        Exception ofRead = Assert.ThrowsAny<Exception>(() => _pair.Host.ReadFrom(write, 0, 0, 8));
        Exception ofWrite = Assert.ThrowsAny<Exception>(() => _pair.Host.WriteTo(read, 0, 0, 8));
        if (OperatingSystem.IsLinux())
        {
            Assert.StartsWith("The file cannot be read: ", Assert.IsType<IOException>(ofRead).Message, StringComparison.Ordinal);
            Assert.StartsWith("The file cannot be written: ", Assert.IsType<IOException>(ofWrite).Message, StringComparison.Ordinal);
        }

        Assert.Equal("2 owners, 0 leases", _pair.Host.Live.DescribeUsers());
    }

    [SkippableFact]
    public void A_pipe_gives_what_it_has_until_it_ends()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Files without positions are read and written on Linux only.");
        using var server = new AnonymousPipeServerStream(PipeDirection.Out);
        using var client = new AnonymousPipeClientStream(PipeDirection.In, server.ClientSafePipeHandle);
        using var read = new SafeFileHandle(client.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        server.Write("hello"u8);
        server.Dispose();
        Assert.Equal(5UL, _pair.Host.ReadFrom(read, 0, 3, 100));
        Assert.Equal("hello"u8.ToArray(), _pair.Contents()[3..8]);
        Assert.Equal(0UL, _pair.Host.ReadFrom(read, 0, 3, 100));
    }

    [SkippableFact]
    public void Of_messages_that_come_one_by_one_no_more_is_read_than_was_asked_for()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Files without positions are read and written on Linux only.");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("nub-messages-");
        try
        {
            using var receiver = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            using var sender = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            receiver.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder.FullName, "s")));
            sender.Connect(receiver.LocalEndPoint!);
            sender.Send("hello"u8);
            sender.Send("and more than fits"u8);
            using var file = new SafeFileHandle(receiver.SafeHandle.DangerousGetHandle(), ownsHandle: false);
            Assert.Equal(8UL, _pair.Host.ReadFrom(file, 0, 3, 8));
            Assert.Equal([0, 0, 0, .. "helloand"u8, 0], _pair.Contents()[..12]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [SkippableFact]
    public void A_position_that_no_file_has_is_refused_and_nothing_is_written_elsewhere()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Elsewhere .NET's own call refuses it.");
        _pair.FillWithPattern();
        using SafeFileHandle file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        Assert.StartsWith("The file cannot be written: ", Assert.Throws<IOException>(() => _pair.Host.WriteTo(file, long.MaxValue - 100, 0, 8)).Message, StringComparison.Ordinal);
        file.Dispose();
        Assert.Equal(_content, File.ReadAllBytes(_path));
    }

    [SkippableFact]
    public void A_device_that_is_full_says_so()
    {
        Skip.IfNot(File.Exists("/dev/full"), "There is no /dev/full.");
        using SafeFileHandle full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Assert.StartsWith("The file cannot be written: ", Assert.Throws<IOException>(() => _pair.Host.WriteTo(full, 0, 0, 8)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Bytes_that_are_gone_are_said_and_what_came_before_them_has_been_moved()
    {
        LinuxSharing.SkipElsewhere();
        _ = RecoveringAccessTests.Get();
        using SafeFileHandle memory = LinuxSharing.MemFd(2 * Pair.Page);
        using HostSharedMemory host = HostSharedMemory.Open(memory, 0, 2 * Pair.Page);
        using SafeFileHandle file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        Assert.Equal(0, ShrinkingFile.FTruncate(memory, (long)Pair.Page));
        ulong offset = Pair.Page - 100;
        Assert.False(host.TryReadFrom(file, 0, offset, 500, out ulong moved));
        Assert.InRange(moved, 0UL, 100UL);
        Assert.False(host.TryWriteTo(file, 0, offset, 500, out moved));
        Assert.InRange(moved, 0UL, 100UL);
        Assert.False(host.TryReadFrom(file, 0, Pair.Page, 8, out moved));
        Assert.Equal(0UL, moved);
        Assert.Throws<SharedMemoryFaultException>(() => host.ReadFrom(file, 0, Pair.Page, 8));
        Assert.Throws<SharedMemoryFaultException>(() => host.WriteTo(file, 0, Pair.Page, 8));
        Assert.Equal("1 owners, 0 leases", host.Live.DescribeUsers());
    }

    [SkippableFact]
    public void Memory_that_was_opened_for_reading_is_written_to_files_and_not_read_into()
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle memory = LinuxSharing.MemFd(Pair.Page);
        RandomAccess.Write(memory, [42], 8);
        using HostSharedMemory host = HostSharedMemory.Open(memory, 0, Pair.Page, SharedMemoryAccess.Read, allowUnsealed: true);
        using SafeFileHandle file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Assert.Equal(1UL, host.WriteTo(file, 4, 8, 1));
        Assert.Equal(42, File.ReadAllBytes(_path)[4]);
        Assert.Throws<NotSupportedException>(() => host.ReadFrom(file, 0, 0, 8));
        Assert.Throws<NotSupportedException>(() => host.TryReadFrom(file, 0, 0, 8, out _));
    }
}
