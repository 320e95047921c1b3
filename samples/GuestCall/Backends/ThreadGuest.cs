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
        _input = _memory.StackAt((ulong)GuestMap.Input.Offset, (ulong)GuestMap.Input.Size);
        _output = _memory.StackAt((ulong)GuestMap.Output.Offset, (ulong)GuestMap.Output.Size);
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
        if (!_thread.Join(s_patience))
        {
            // It hangs, and no thread can be ended from outside. It ends with the process; until then it keeps what it uses.
            return;
        }

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

    /// <summary>Answers a request, and turns hostile afterwards if that is what was asked.</summary>
    private uint Serve()
    {
        GuestStatus.View status = GuestStatus.At(_memory, (ulong)GuestMap.Status.Offset);
        if (!_input.TryPop(TryAnswer, out Answer answer))
        {
            status.Refused++;
            return Signal.Refused;
        }

        status.Answered++;
        status.PayloadBytes += answer.Request.PayloadLength;
        if (answer.Request.Kind != Attack.Honest)
        {
            Sabotage(Attack.All[answer.Request.Kind - 1], answer);
        }

        return Signal.Answered;
    }

    /// <summary>Parses a request and pushes its answer: while that fails, the request stays where it is.</summary>
    private bool TryAnswer(ReadOnlySpan<byte> element, out Answer answer)
    {
        answer = default;
        if (element.Length < Wire.RequestOverhead)
        {
            return false;
        }

        RequestHeader request = RequestHeader.ReadFrom(element[Wire.PrefixSize..]);
        ReadOnlySpan<byte> payload = element[Wire.RequestOverhead..];
        if (request.PayloadLength != (uint)payload.Length
            || payload.Length > GuestMap.MaxPayload
            || (request.Flags & ~RequestHeader.Reverse) != 0
            || request.Kind > Attack.All.Count)
        {
            return false;
        }

        Span<byte> result = _result.AsSpan(0, payload.Length);
        Work.Transform(request, payload, result);
        var header = new ResponseHeader { Request = request, Checksum = Work.Checksum(payload) };
        ReadOnlySpan<byte> response = Wire.Write(header, result, _element);

        answer = new Answer(request, Place: _memory.Read<ulong>(_output.Offset), (ulong)response.Length);
        return _output.TryPush(response);
    }

    /// <summary>Overwrites one number with another.</summary>
    /// <param name="attack">The number, and what it becomes.</param>
    /// <param name="answer">The answer that was pushed.</param>
    private void Sabotage(Attack attack, in Answer answer)
    {
        ulong start = _output.Offset + answer.Place;
        ulong end = start + answer.Length;
        ulong stackPointer = answer.Place + answer.Length + sizeof(ulong);
        ulong forged = attack.Forge(stackPointer, answer.Length);
        switch (attack.Target)
        {
            case Target.OutputStackPointer:
                _memory.Write(_output.Offset, forged);
                break;
            case Target.BackPointer:
                _memory.Write(end, forged);
                break;
            case Target.SizePrefix:
                _memory.Write(start, (uint)forged);
                break;
            case Target.PayloadLength:
                ResponseHeader.At(_memory, start + Wire.PrefixSize).RequestView().PayloadLength = (uint)forged;
                break;
            case Target.InputStackPointer:
                _memory.Write(_input.Offset, forged);
                break;
        }
    }

    /// <summary>An answer that was pushed.</summary>
    /// <param name="Request">What it answers.</param>
    /// <param name="Place">Where it stands in the output buffer.</param>
    /// <param name="Length">Its length in bytes, prefix included.</param>
    private readonly record struct Answer(RequestHeader Request, ulong Place, ulong Length);
}
