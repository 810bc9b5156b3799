"""What every answer carries."""

from shop.version import VERSION


def version_header(get_response):
    """Say which code answered."""

    def answer(request):
        response = get_response(request)
        response["X-Shop-Version"] = VERSION
        return response

    return answer
