using System.Buffers.Binary;
using GuestCall.Protocol;
using Nub.Memory;

namespace GuestCall.Tests;

/// <summary>What every guest must do, whatever plays it.</summary>
public class GuestTests
{
    public static TheoryData<string> Backends => GuestFixture.Backends;

    public static TheoryData<string, ushort> BackendsAndAttacks
    {
        get
        {
            var data = new TheoryData<string, ushort>();
            foreach (string backend in (string[])["thread", "machine code", "kvm"])
            {
                foreach (Attack attack in Attack.All)
                {
                    data.Add(backend, attack.Kind);
                }
            }

            return data;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Backends))]
    public void Answers_every_size_and_direction_rightly(string backend)
    {
        using GuestFixture fixture = GuestFixture.Create(backend);
        byte[] payload = new byte[GuestMap.MaxPayload];
        new Random(1).NextBytes(payload);
        int calls = 0;
        ulong bytes = 0;
        foreach (int length in (int[])[0, 1, 2, 7, 8, 9, 15, 16, 17, 255, 256, 4095, GuestMap.MaxPayload - 1, GuestMap.MaxPayload])
        {
            foreach (byte flags in (byte[])[0, RequestHeader.Reverse])
            {
                // Verifies the answer, and throws if it is wrong.
                fixture.Caller.Call(payload.AsSpan(0, length), key: (byte)(37 * calls), flags);
                calls++;
                bytes += (ulong)length;
            }
        }

        Assert.Equal(((ulong)calls, 0UL, bytes), (fixture.Status.Answered, fixture.Status.Refused, fixture.Status.PayloadBytes));
    }

    [SkippableTheory]
    [MemberData(nameof(BackendsAndAttacks))]
    public void Each_attack_is_refused_by_its_number_and_the_next_call_works(string backend, ushort kind)
    {
        using GuestFixture fixture = GuestFixture.Create(backend);
        Attack attack = Attack.All.Single(attack => attack.Kind == kind);
        byte[] payload = new byte[100];

        SharedStackException refusal = Assert.Throws<SharedStackException>(() =>
        {
            fixture.Caller.Call(payload, key: 1, flags: 0, kind);
            fixture.Caller.Call(payload, key: 1, flags: 0);
        });

        Assert.Equal(attack.Expected, refusal.Error);
        ulong element = (ulong)(Wire.ResponseOverhead + payload.Length);
        ulong forged = attack.Forge(stackPointer: 8 + element + 8, element);
        ulong expected = (attack.Expected, attack.Target) switch
        {
            (SharedStackError.BufferFull, _) => (ulong)(Wire.RequestOverhead + payload.Length) + 8,
            (SharedStackError.ParseFailed, Target.SizePrefix) => (uint)forged + 4,
            (SharedStackError.ParseFailed, _) => element,
            (_, Target.SizePrefix) => (uint)forged,
            _ => forged,
        };
        Assert.Equal(expected, refusal.Value);

        fixture.Caller.Recover();
        fixture.Caller.Call(payload, key: 1, flags: 0);
    }

    [SkippableTheory]
    [MemberData(nameof(Backends))]
    public void Refuses_a_malformed_request_and_leaves_it_where_it_is(string backend)
    {
        using GuestFixture fixture = GuestFixture.Create(backend);
        ulong refused = 0;

        Refuses("payload length too small", element => element[Wire.PrefixSize + RequestHeader.Layout.PayloadLengthOffset]--);
        Refuses("payload length too large", element => element[Wire.PrefixSize + RequestHeader.Layout.PayloadLengthOffset]++);
        Refuses("unknown flag", element => element[Wire.PrefixSize + RequestHeader.Layout.FlagsOffset] = 2);
        Refuses("unknown kind", element => element[Wire.PrefixSize + RequestHeader.Layout.KindOffset] = (byte)(Attack.All.Count + 1));
        Refuses("prefix too small", element => BinaryPrimitives.WriteUInt32LittleEndian(element, 3));
        Refuses("prefix too large", element => BinaryPrimitives.WriteUInt32LittleEndian(element, (uint)element.Length - 3));
        Refuses("prefix that wraps", element => BinaryPrimitives.WriteUInt32LittleEndian(element, uint.MaxValue));

        fixture.Caller.Call([1, 2, 3], key: 1, flags: 0);

        void Refuses(string what, Action<byte[]> corrupt)
        {
            byte[] element = new byte[Wire.RequestOverhead + 5];
            Wire.Write(new RequestHeader { Id = 1, PayloadLength = 5 }, new byte[5], element);
            corrupt(element);
            fixture.Input.Push(element);
            Assert.True(fixture.Guest.Run() == Signal.Refused, what);
            Assert.Equal(++refused, fixture.Status.Refused);
            Assert.Equal(element, fixture.Input.Pop());
            Assert.False(fixture.Output.TryPop(new byte[8], out _), what);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Backends))]
    public void Refuses_a_corrupt_input_buffer(string backend)
    {
        using GuestFixture fixture = GuestFixture.Create(backend);
        ulong buffer = fixture.Input.Offset;
        ulong size = fixture.Input.Size;
        foreach (ulong pointer in (ulong[])[0, 7, 8, 15, 16, 35, size + 1, ulong.MaxValue])
        {
            fixture.Memory.Write(buffer, pointer);
            Assert.Equal(Signal.Refused, fixture.Guest.Run());
        }

        const ulong Top = 8 + Wire.RequestOverhead + 8;
        foreach (ulong back in (ulong[])[0, 7, 9, Top, ulong.MaxValue])
        {
            fixture.Memory.Write(buffer, Top);
            fixture.Memory.Write(buffer + Top - 8, back);
            Assert.Equal(Signal.Refused, fixture.Guest.Run());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Backends))]
    public void Refuses_a_request_whose_answer_has_no_room(string backend)
    {
        using GuestFixture fixture = GuestFixture.Create(backend);
        byte[] element = new byte[Wire.RequestOverhead];
        Wire.Write(new RequestHeader { Id = 1 }, [], element);
        ulong size = fixture.Output.Size;
        foreach (ulong pointer in (ulong[])[0, 7, size - (Wire.ResponseOverhead + 7), size, size + 1, ulong.MaxValue])
        {
            fixture.Input.Reset();
            fixture.Input.Push(element);
            fixture.Memory.Write(fixture.Output.Offset, pointer);
            Assert.Equal(Signal.Refused, fixture.Guest.Run());
        }

        // Exactly enough room.
        fixture.Memory.Write(fixture.Output.Offset, size - (Wire.ResponseOverhead + 8));
        Assert.Equal(Signal.Answered, fixture.Guest.Run());
    }

    [SkippableTheory]
    [MemberData(nameof(Backends))]
    public void A_session_of_fifty_calls_and_all_attacks_succeeds(string backend)
    {
        using GuestFixture fixture = GuestFixture.Create(backend);
        var session = new Session(fixture.Caller);
        var seen = new List<int>();

        session.MakeCalls(50, seen.Add);

        Assert.Equal(Enumerable.Range(1, 50), seen);
        Assert.Equal(50, session.Latencies.Count);
        Assert.Equal(Attack.All, session.ProvokeAttacks().Select(refused => refused.Attack));
    }
}
