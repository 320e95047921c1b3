using GuestCall.Protocol;
using Nub.Memory;

namespace GuestCall.Backends;

/// <summary>
/// A guest for machines without /dev/kvm: a thread that works on the same memory, through the same buffers, by the same rules.
/// It holds the guest's lease while it runs, as a virtual processor does.
/// </summary>
internal sealed class ThreadGuest : IGuest
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly GuestSharedMemory _guestMemory;
    private readonly HostSharedMemory _memory;
    private readonly SharedStack _input;
    private readonly SharedStack _output;
    private readonly byte[] _result = new byte[GuestMap.MaxPayload];
    private readonly byte[] _element = new byte[Wire.ResponseOverhead + GuestMap.MaxPayload];

    private readonly SemaphoreSlim _resumed = new(0);
    private readonly SemaphoreSlim _signalled = new(0);
    private readonly Thread _thread;
    private volatile bool _stopping;
    private Exception? _failure;
    private uint _signal;

    public ThreadGuest(HostSharedMemory host, GuestSharedMemory guest)
    {
        // An owner of its own: the thread may outlive the caller's handle, and never its own.
        _memory = host.Clone();
        _guestMemory = guest;
        _input = _memory.Stack((ulong)GuestMap.Input.Offset, (ulong)GuestMap.Input.Size);
        _output = _memory.Stack((ulong)GuestMap.Output.Offset, (ulong)GuestMap.Output.Size);
        _thread = new Thread(Loop) { IsBackground = true, Name = "guest" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public string Backend => "thread";

    /// <inheritdoc/>
    public string Description => "a thread of this process, on the same memory and through the same buffers";

    /// <inheritdoc/>
    public uint Run()
    {
        _resumed.Release();
        if (!_signalled.Wait(s_patience))
        {
            throw new GuestMisbehavedException($"The guest did not signal within {s_patience.TotalSeconds} s.");
        }

        return _failure is null ? _signal : throw new GuestMisbehavedException($"The guest failed: {_failure.Message}", _failure);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _resumed.Release();
        _thread.Join();
        _resumed.Dispose();
        _signalled.Dispose();
        _memory.Dispose();
    }

    private void Loop()
    {
        while (true)
        {
            _resumed.Wait();
            if (_stopping)
            {
                return;
            }

            try
            {
                using GuestLease lease = _guestMemory.EnterGuest();
                _signal = Serve();
            }
#pragma warning disable CA1031 // Whatever it is, the caller of Run gets it; on this thread it would end the process.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _failure = exception;
            }

            _signalled.Release();
        }
    }

    /// <summary>Pops a request, works on it, pushes the answer, and turns hostile if that is what was asked.</summary>
    private uint Serve()
    {
        GuestStatus.View status = GuestStatus.At(_memory, (ulong)GuestMap.Status.Offset);
        if (!_input.TryPop(TryParse, out Request request))
        {
            status.Refused++;
            return Signal.Refused;
        }

        Span<byte> result = _result.AsSpan(0, request.Payload.Length);
        Work.Transform(request.Header, request.Payload, result);
        var header = new ResponseHeader { Request = request.Header, Checksum = Work.Checksum(request.Payload) };
        ReadOnlySpan<byte> element = Wire.Write(header, result, _element);

        ulong place = _memory.Read<ulong>(_output.Offset);
        if (!_output.TryPush(element))
        {
            status.Refused++;
            return Signal.Refused;
        }

        status.Answered++;
        status.PayloadBytes += (ulong)request.Payload.Length;
        if (request.Header.Kind != Attack.Honest)
        {
            Sabotage(Attack.All[request.Header.Kind - 1], place, (ulong)element.Length);
        }

        return Signal.Answered;
    }

    /// <summary>Overwrites one number with another.</summary>
    /// <param name="attack">The number, and what it becomes.</param>
    /// <param name="place">Where the answer stands in the output buffer.</param>
    /// <param name="length">The length of the answer.</param>
    private void Sabotage(Attack attack, ulong place, ulong length)
    {
        ulong answer = _output.Offset + place;
        ulong forged = attack.Forge(place + length + sizeof(ulong), length);
        switch (attack.Target)
        {
            case Target.OutputStackPointer:
                _memory.Write(_output.Offset, forged);
                break;
            case Target.BackPointer:
                _memory.Write(answer + length, forged);
                break;
            case Target.SizePrefix:
                _memory.Write(answer, (uint)forged);
                break;
            case Target.PayloadLength:
                ResponseHeader.At(_memory, answer + Wire.PrefixSize).RequestView().PayloadLength = (uint)forged;
                break;
            case Target.InputStackPointer:
                _memory.Write(_input.Offset, forged);
                break;
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> element, out Request request)
    {
        request = default;
        if (element.Length < Wire.RequestOverhead)
        {
            return false;
        }

        RequestHeader header = RequestHeader.ReadLittleEndian(element[Wire.PrefixSize..]);
        ReadOnlySpan<byte> payload = element[Wire.RequestOverhead..];
        if (header.PayloadLength != (uint)payload.Length
            || payload.Length > GuestMap.MaxPayload
            || (header.Flags & ~RequestHeader.Reverse) != 0
            || header.Kind > Attack.All.Count)
        {
            return false;
        }

        request = new Request(header, payload.ToArray());
        return true;
    }

    private readonly record struct Request(RequestHeader Header, byte[] Payload);
}
