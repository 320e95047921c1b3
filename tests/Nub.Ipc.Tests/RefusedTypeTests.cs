using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>Types that no analyzer saw and whose bytes may be no legal value: refused at run time, whichever way they come.</summary>
public sealed class RefusedTypeTests
{
    [Fact]
    public void Values_of_a_struct_that_has_changed_since_its_layout_was_generated_are_refused_one_by_one_and_many_at_once()
    {
        using var memory = new RingMemory();
#pragma warning disable NUB0001 // What no analyzer sees: the assembly was replaced.
        Assert.Throws<NotAllValidException>(() => memory.Producer.TryWrite(default(Changed16)));
        Assert.Throws<NotAllValidException>(() => memory.Producer.TryWriteMany<Changed16>(new Changed16[2]));
        Assert.True(memory.Producer.TryWriteMany<Pair16>(new Pair16[2]));
        Assert.Throws<NotAllValidException>(() => memory.Consumer.ReadMany<Changed16>(new Changed16[2]));
#pragma warning restore NUB0001
    }

    [Fact]
    public void Values_of_a_primitive_type_with_illegal_patterns_are_refused_one_by_one_and_many_at_once()
    {
        using var memory = new RingMemory();
        bool[] bools = new bool[2];
        nint[] signed = new nint[2];
        nuint[] unsigned = new nuint[2];
#pragma warning disable NUB0001 // What no analyzer sees: reflection put the type there.
        Assert.Throws<NotAllValidException>(() => memory.Producer.TryWrite(true));
        Assert.Throws<NotAllValidException>(() => memory.Producer.TryWriteMany<bool>(bools));
        Assert.Throws<NotAllValidException>(() => memory.Producer.TryWriteMany<nint>(signed));
        Assert.Throws<NotAllValidException>(() => memory.Producer.TryWriteMany<nuint>(unsigned));
        Assert.True(memory.Producer.TryWriteMany<byte>([2, 2]));
        Assert.Throws<NotAllValidException>(() => memory.Consumer.TryRead(out bool _));
        Assert.Throws<NotAllValidException>(() => memory.Consumer.ReadMany<bool>(bools));
        Assert.Equal(2, memory.Consumer.ReadMany<byte>(new byte[4]));
        Assert.True(memory.Producer.TryWrite(ulong.MaxValue));
        Assert.Throws<NotAllValidException>(() => memory.Consumer.ReadMany<nint>(signed));
        Assert.Throws<NotAllValidException>(() => memory.Consumer.ReadMany<nuint>(unsigned));
#pragma warning restore NUB0001
        Assert.True(memory.Consumer.TryRead(out ulong value));
        Assert.Equal(ulong.MaxValue, value);
        Assert.Equal([0, 0], MemoryMarshal.AsBytes<bool>(bools).ToArray());
        Assert.Equal((0, 0U), (signed[0], unsigned[0]));
    }
}
