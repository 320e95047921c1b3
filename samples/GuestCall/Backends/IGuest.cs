namespace GuestCall.Backends;

/// <summary>A guest that serves the requests in the shared memory's input buffer.</summary>
internal interface IGuest : IDisposable
{
    /// <summary>What plays the guest, as <c>--backend</c> calls it.</summary>
    string Backend { get; }

    /// <summary>What that is, for a person.</summary>
    string Description { get; }

    /// <summary>Lets the guest run until it signals. Its time is limited, because it is not trusted to come back.</summary>
    /// <returns>The word it signalled: any of 2^32, whatever the protocol says.</returns>
    /// <exception cref="GuestMisbehavedException">It did not signal.</exception>
    uint Run();
}
