using System.Diagnostics;
using GuestCall.Backends;
using GuestCall.Protocol;
using Nub.Memory;

namespace GuestCall;

/// <summary>The host's side of a call. It believes nothing: what it cannot check against its own computation, it does not use.</summary>
internal sealed class HostCaller
{
    private readonly IGuest _guest;
    private readonly SharedStack _input;
    private readonly SharedStack _output;
    private readonly byte[] _element = new byte[Wire.RequestOverhead + GuestMap.MaxPayload];
    private readonly byte[] _expected = new byte[GuestMap.MaxPayload];
    private ulong _lastId;

    public HostCaller(HostSharedMemory memory, IGuest guest)
    {
        _guest = guest;
        _input = memory.StackAt((ulong)GuestMap.Input.Offset, (ulong)GuestMap.Input.Size);
        _output = memory.StackAt((ulong)GuestMap.Output.Offset, (ulong)GuestMap.Output.Size);
        Recover();
    }

    /// <summary>Makes one call and verifies the answer.</summary>
    /// <param name="payload">What the guest is to work on; at most <see cref="GuestMap.MaxPayload"/> bytes.</param>
    /// <param name="key">What each byte is combined with.</param>
    /// <param name="flags"><see cref="RequestHeader.Reverse"/> or 0.</param>
    /// <param name="kind"><see cref="Attack.Honest"/>, or the attack that is to follow the answer.</param>
    /// <returns>The time from the push of the request to the pop of the answer.</returns>
    /// <exception cref="SharedStackException">The guest left a buffer that cannot be used. Nothing was changed; see <see cref="Recover"/>.</exception>
    /// <exception cref="GuestMisbehavedException">The guest did not answer, or answered wrongly.</exception>
    public TimeSpan Call(ReadOnlySpan<byte> payload, byte key, byte flags, ushort kind = Attack.Honest)
    {
        var request = new RequestHeader
        {
            Id = ++_lastId,
            PayloadLength = (uint)payload.Length,
            Kind = kind,
            Flags = flags,
            Key = key,
        };
        ReadOnlySpan<byte> element = Wire.Write(request, payload, _element);

        long start = Stopwatch.GetTimestamp();
        _input.Push(element);
        uint signal = _guest.Run();
        if (signal != Signal.Answered)
        {
            throw new GuestMisbehavedException($"Call {request.Id}: the guest signalled {signal} instead of an answer.");
        }

        Response response = _output.Pop(Wire.ParseResponse);
        TimeSpan latency = Stopwatch.GetElapsedTime(start);

        Verify(request, payload, response);
        return latency;
    }

    /// <summary>Empties both buffers, whatever is in them: after this an honest guest can serve again.</summary>
    public void Recover()
    {
        _input.Reset();
        _output.Reset();
    }

    private void Verify(in RequestHeader request, ReadOnlySpan<byte> payload, in Response response)
    {
        if (response.Header.Request != request)
        {
            throw new GuestMisbehavedException($"Call {request.Id}: the guest answered another request.");
        }

        if (response.Header.Checksum != Work.Checksum(payload))
        {
            throw new GuestMisbehavedException($"Call {request.Id}: the checksum is wrong.");
        }

        Span<byte> expected = _expected.AsSpan(0, payload.Length);
        Work.Transform(request, payload, expected);
        if (!expected.SequenceEqual(response.Payload))
        {
            throw new GuestMisbehavedException($"Call {request.Id}: the transformed payload is wrong.");
        }
    }
}
