using System.Diagnostics;
using System.Reflection;

namespace Nub.Memory.Tests;

public class DebugViewTests
{
    [Fact]
    public void A_memory_shows_its_size_its_users_and_its_first_bytes()
    {
        using var pair = new Pair(2);
        pair.Host.CopyFrom(0, "GET / HTTP/1.1"u8);
        using GuestLease lease = pair.Guest.EnterGuest();
        var view = new SharedMemoryDebugView(pair.Host);
        Assert.Equal(pair.Size, view.Size);
        Assert.Equal("2 owners, 1 leases", view.Users);
        Assert.Equal(16, view.FirstBytes.Length);
        Assert.Equal("00000000  47 45 54 20 2F 20 48 54  54 50 2F 31 2E 31 00 00  GET / HTTP/1.1..", view.FirstBytes[0]);
    }

    [Fact]
    public void Looking_leaves_a_thread_that_stands_inside_of_an_access_where_it_is()
    {
        using var pair = new Pair();
        pair.Host.Write(0, (byte)0x5A);
        LockedMapping mapping = pair.Host.Live;
        SharedStack stack = pair.Host.StackAt(64, 256);
        stack.Reset();

        // As a debugger finds a thread that it stops between the store to its slot and the clear, and then evaluates on that very thread.
        AccessSlot slot = mapping.Publish();
        Assert.True(mapping.MayRead);
        long inside = slot.Word;
        var view = new SharedMemoryDebugView(pair.Host);
        Assert.StartsWith("00000000  5A", view.FirstBytes[0], StringComparison.Ordinal);
        Assert.Equal("2 owners, 0 leases, an access inside", view.Users);
        Assert.Equal(8UL, new SharedStackDebugView(stack).StackPointer);
        Assert.NotEmpty(new SharedStackDebugView(stack).FirstBytes);
        Assert.Equal(inside, slot.Word);
        bool isLocked = false;
        var other = new Thread(() => isLocked = IsLocked(pair.Host));
        other.Start();
        other.Join();
        Assert.True(isLocked, "The access was not found inside any more.");
        mapping.Leave(slot);
        Assert.False(IsLocked(pair.Host));
    }

    [Fact]
    public void Looking_waits_for_nobody_and_throws_nothing()
    {
        var pair = new Pair();
        var view = new SharedMemoryDebugView(pair.Host);
        pair.Host.WithExclusivity(_ =>
        {
            Assert.Equal("2 owners, 0 leases, held exclusively", view.Users);
            Assert.Contains("cannot be read now", Assert.Single(view.FirstBytes), StringComparison.Ordinal);
        });
        pair.Dispose();
        Assert.Contains("cannot be read now", Assert.Single(view.FirstBytes), StringComparison.Ordinal);
        Assert.EndsWith(", released", view.Users, StringComparison.Ordinal);
        Assert.Empty(new SharedMemoryDebugView(pair.Host).FirstBytes);
    }

    [Fact]
    public void A_space_shows_its_regions()
    {
        using var pair = new Pair();
        using var space = new GuestAddressSpace();
        space.Map(0x1000, pair.Host, 0x100, 0x20);
        Assert.Equal("[0x1000, 0x101F] = 32 bytes at offset 0x100 of HostSharedMemory, 4096 bytes", Assert.Single(new GuestAddressSpaceDebugView(space).Regions));
    }

    [Theory]
    [InlineData(typeof(HostSharedMemory))]
    [InlineData(typeof(ExclusiveSharedMemory))]
    [InlineData(typeof(GuestSharedMemory))]
    [InlineData(typeof(ReadOnlySharedMemory))]
    [InlineData(typeof(SharedStack))]
    [InlineData(typeof(GuestAddressSpace))]
    public void A_type_has_a_display_and_a_proxy_that_a_debugger_can_make(Type type)
    {
        Assert.NotNull(type.GetCustomAttribute<DebuggerDisplayAttribute>(inherit: true));
        DebuggerTypeProxyAttribute proxy = type.GetCustomAttribute<DebuggerTypeProxyAttribute>(inherit: true)!;
        Assert.Contains(Type.GetType(proxy.ProxyTypeName)!.GetConstructors(), one => one.GetParameters()[0].ParameterType.IsAssignableFrom(type));
    }

    private static bool IsLocked(HostSharedMemory host)
    {
        try
        {
            host.WithExclusivity(_ => { });
            return false;
        }
        catch (SharedMemoryLockedException)
        {
            return true;
        }
    }
}
