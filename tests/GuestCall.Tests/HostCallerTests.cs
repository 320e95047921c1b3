using GuestCall.Backends;
using GuestCall.Protocol;
using Nub.Memory;

namespace GuestCall.Tests;

/// <summary>The host must not believe a well-formed answer either.</summary>
public class HostCallerTests
{
    [Theory]
    [InlineData(Wire.PrefixSize + ResponseHeader.Layout.RequestOffset + RequestHeader.Layout.IdOffset, "another request")]
    [InlineData(Wire.PrefixSize + ResponseHeader.Layout.RequestOffset + RequestHeader.Layout.KindOffset, "another request")]
    [InlineData(Wire.PrefixSize + ResponseHeader.Layout.RequestOffset + RequestHeader.Layout.KeyOffset, "another request")]
    [InlineData(Wire.PrefixSize + ResponseHeader.Layout.ChecksumOffset, "checksum")]
    [InlineData(Wire.PrefixSize + ResponseHeader.Layout.ChecksumOffset + 7, "checksum")]
    [InlineData(Wire.ResponseOverhead, "payload")]
    [InlineData(Wire.ResponseOverhead + 9, "payload")]
    public void A_single_wrong_byte_is_noticed(int offset, string what)
    {
        using GuestFixture fixture = GuestFixture.Create("thread");
        var caller = new HostCaller(fixture.Memory, new Liar(fixture, offset));

        GuestMisbehavedException wrong = Assert.Throws<GuestMisbehavedException>(() => caller.Call(new byte[10], key: 3, flags: 0));

        Assert.Contains(what, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_that_is_no_answer_is_noticed()
    {
        using GuestFixture fixture = GuestFixture.Create("thread");
        var caller = new HostCaller(fixture.Memory, new Liar(fixture, offset: 0) { Signal = 0xDEAD });

        GuestMisbehavedException wrong = Assert.Throws<GuestMisbehavedException>(() => caller.Call([], key: 0, flags: 0));

        Assert.Contains("57005", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guest_that_fails_is_reported_with_its_reason()
    {
        using GuestFixture fixture = GuestFixture.Create("thread");
        uint? signal = null;

        // Exclusivity keeps the guest out.
        GuestMisbehavedException failed = Assert.Throws<GuestMisbehavedException>(
            () => fixture.Memory.WithExclusivity(_ => { signal = fixture.Guest.Run(); }));

        Assert.Null(signal);
        Assert.IsType<SharedMemoryLockedException>(failed.InnerException);
    }

    /// <summary>Answers honestly, then changes one byte of the answer.</summary>
    private sealed class Liar(GuestFixture fixture, int offset) : IGuest
    {
        public uint? Signal { get; init; }

        public string Backend => "liar";

        public string Description => "changes one byte of the answer";

        public uint Run()
        {
            uint signal = fixture.Guest.Run();
            ulong place = (ulong)GuestMap.Output.Offset + 8 + (ulong)offset;
            fixture.Memory.Write(place, (byte)(fixture.Memory.Read<byte>(place) ^ 0x10));
            return Signal ?? signal;
        }

        public void Dispose()
        {
        }
    }
}
