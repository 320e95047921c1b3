using System.Reflection;

namespace Nub.Memory.Tests;

/// <summary>A message says what was asked, the limit it broke, and the numbers.</summary>
public class ErrorMessageTests
{
    [Fact]
    public void Bounds()
    {
        using var pair = new Pair();
        SharedMemoryBoundsException refusal = Assert.Throws<SharedMemoryBoundsException>(() => pair.Host.Read<ulong>(4090));
        Assert.Equal("Access to 8 bytes at offset 4090 (0xFFA) leaves the memory of 4096 bytes (0x1000).", refusal.Message);
        refusal = Assert.Throws<SharedMemoryBoundsException>(() => pair.Host.Fill(ulong.MaxValue, ulong.MaxValue, 0));
        Assert.Contains("18446744073709551615 bytes at offset 18446744073709551615 (0xFFFFFFFFFFFFFFFF)", refusal.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<SharedMemoryException>(refusal);
    }

    [Fact]
    public void Locked()
    {
        using var pair = new Pair();
        GuestLease first = pair.Guest.EnterGuest();
        GuestLease second = pair.Guest.EnterGuest();
        SharedMemoryLockedException refusal = Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero);
        Assert.Contains("2 leases are held", refusal.Message, StringComparison.Ordinal);
        first.Dispose();
        Assert.Contains("1 lease is held", Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero).Message, StringComparison.Ordinal);
        second.Dispose();
        pair.Host.WithExclusivity(_ =>
        {
            Assert.Contains("exclusively", Assert.Throws<SharedMemoryLockedException>(() => pair.Host.Read<int>(0)).Message, StringComparison.Ordinal);
            Assert.Contains("exclusively", Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero).Message, StringComparison.Ordinal);
        });
        Assert.Equal("a", new SharedMemoryLockedException("a", new InvalidOperationException()).Message);
        Assert.NotNull(new SharedMemoryLockedException().Message);
        Assert.NotNull(new SharedMemoryException().Message);
        Assert.Equal("b", new SharedMemoryException("b").Message);
        Assert.NotNull(new SharedMemoryException("b", new InvalidOperationException()).InnerException);
    }

    [Fact]
    public void Map()
    {
        SharedMemoryMapException refusal = Assert.Throws<SharedMemoryMapException>(() => new ExclusiveSharedMemory(1UL << 61));
        string call = OperatingSystem.IsWindows() ? "CreateFileMapping" : "mmap";
        Assert.StartsWith($"{call} failed with error {refusal.NativeErrorCode} (", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("on 2305843009213702144 bytes, two guard pages included.", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0UL, "at least one page, 4096 bytes")]
    [InlineData(100UL, "multiple of the page size, 4096 bytes")]
    [InlineData(ulong.MaxValue, "at most 9223372036854763520 bytes")]
    public void Construction(ulong size, string limit)
    {
        ArgumentOutOfRangeException refusal = Assert.Throws<ArgumentOutOfRangeException>(() => new ExclusiveSharedMemory(size));
        Assert.Contains(limit, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(size.ToString(System.Globalization.CultureInfo.InvariantCulture), refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stack()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(0, 64);
        AssertSays("Stack pointer 0 is outside [8, 64] of the buffer of 64 bytes. A new buffer is emptied with Reset first.", () => stack.Push([1]));
        AssertSays("Stack pointer 0 is outside [16, 64] of the buffer of 64 bytes. A new buffer is emptied with Reset first.", () => stack.Pop());
        stack.Reset();
        AssertSays("The stack is empty: its stack pointer is 8, and outside [16, 64] of the buffer of 64 bytes, where one with an element is.", () => stack.Pop());
        stack.Push([1, 2]);
        AssertSays("Corrupt back-pointer: 8 is outside [8, 2] of the buffer of 64 bytes: there is no room for an element of 8 bytes, the least that a parsed pop takes.", () => stack.Pop(e => 0));
        stack.Reset();
        AssertSays("Not enough space: 68 bytes wanted, back-pointer included, 56 free in the buffer of 64 bytes.", () => stack.Push(new byte[60]));
        stack.Push([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]);
        AssertSays("Corrupt size prefix: 4294967295 overflows 32 bits when its own 4 bytes are added; at most 4 fit the element.", () => stack.Pop(e => 0));
        pair.Host.Write(8, 5U);
        AssertSays("Corrupt size prefix: 5 bytes and its own 4 exceed the element; at most 4 fit.", () => stack.Pop(e => 0));
        pair.Host.Write(8, 2U);
        AssertSays("The parser refused the element of 6 bytes.", () => stack.Pop<int>(e => throw new InvalidOperationException()));
        AssertSays("The element of 8 bytes does not fit the destination of 7 bytes.", () => stack.Pop(new byte[7]));
        pair.Host.Write(16, 77UL);
        AssertSays("Corrupt back-pointer: 77 is outside [8, 16] of the buffer of 64 bytes.", () => stack.Pop());
        Assert.Equal("No refusal.", default(SharedStackRefusal).ToString());
    }

    [Fact]
    public void Ended()
    {
        var exclusive = new ExclusiveSharedMemory(Pair.Page);
        Assert.Equal($"ExclusiveSharedMemory, {Pair.Page} bytes", exclusive.ToString());
        (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
        Assert.Contains("Build was called", Assert.Throws<ObjectDisposedException>(() => exclusive.ReadByte(0)).Message, StringComparison.Ordinal);
        Assert.Contains("Build was called", Assert.Throws<ObjectDisposedException>(() => exclusive.Build()).Message, StringComparison.Ordinal);
        Assert.Equal("ExclusiveSharedMemory, ended", exclusive.ToString());
        Assert.Equal("stack of 64 bytes at offset 0x40", host.StackAt(64, 64).ToString());
        guest.Dispose();
        host.Dispose();
    }

    [Theory]
    [InlineData(typeof(bool))]
    [InlineData(typeof(DayOfWeek))]
    [InlineData(typeof(decimal))]
    [InlineData(typeof(nint))]
    [InlineData(typeof(Guid))]
    public void NotAllValid(Type type)
    {
        using var pair = new Pair();
        MethodInfo read = typeof(HostSharedMemory).GetMethod(nameof(HostSharedMemory.Read))!.MakeGenericMethod(type);
        Exception? refusal = Assert.Throws<TargetInvocationException>(() => read.Invoke(pair.Host, [0UL])).InnerException;
        NotAllValidException typed = Assert.IsType<NotAllValidException>(refusal);
        Assert.Equal(type, typed.Type);
        Assert.StartsWith($"{type} must not cross the boundary here: it is not [AllValid].", typed.Message, StringComparison.Ordinal);
    }

    private static void AssertSays(string message, Action call) => Assert.Equal(message, Assert.Throws<SharedStackException>(call).Message);
}
